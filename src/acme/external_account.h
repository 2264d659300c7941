// External account binding (RFC 8555 §7.3.4): CAs that know their customers ask a new account for a key that
// they gave out elsewhere. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "crypto/key.h"

namespace cardea::acme {

struct ExternalAccount {
  std::string authority;  // of the directory's URL, as base::Url::authority() prints it
  std::string kid;
  std::string secret;  // the bytes of the CA's HMAC key; must not reach a log
};

// ACME_EAB: AUTHORITY=KID:HMAC, several separated by commas; "" gives none. The HMAC key is base64url or
// base64, with or without padding, and stands after the last ':'. Error (invalid): an entry of another form,
// a key of less than kExternalAccountSecretBytesMin, an authority that is there twice. It names the entry by
// its number or authority and never repeats a key.
[[nodiscard]] base::Result<std::vector<ExternalAccount>> parse_external_accounts(std::string_view text);

// The entry for the CA of `directory_url`; nullptr if there is none. Lives as long as `accounts`.
[[nodiscard]] const ExternalAccount* find_external_account(std::span<const ExternalAccount> accounts,
                                                           std::string_view directory_url);

// The JSON object for "externalAccountBinding" of a newAccount request: the account's public key, signed with
// the CA's secret. `new_account_url` is that of the request. Error: internal.
[[nodiscard]] base::Result<std::string> external_account_binding(const ExternalAccount& account,
                                                                 const crypto::PrivateKey& account_key,
                                                                 std::string_view new_account_url);

}  // namespace cardea::acme
