// What is known of an account beside its key, which is stored alone as the specification has it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace cardea::store {

// A value. It can be lost: the CA finds the account again by its key (RFC 8555 §7.3.1).
struct AccountState {
  std::string url;               // "" until the CA knows the account
  std::string key_thumbprint;    // the key that `url` belongs to: the key may be replaced by hand
  std::string contact;           // the e-mail address that the CA has
  std::string terms_of_service;  // the document that was agreed to
  std::string
      owner_token_hash;  // of the token whose certificate registered it; only it may give it another address
  std::string external_account;  // key identifier of the external account it was bound to; "" if none
  bool deactivated = false;      // the CA said so: never registered again by itself
  std::optional<base::Time> registered_at;

  bool operator==(const AccountState&) const = default;
};

// Nothing is asked of this account before `until`.
struct AccountHold {
  base::Time until;
  std::string reason;  // a sentence, with the CA's words
};

// Errors (invalid, naming the member): not JSON, a member of the wrong type.
[[nodiscard]] base::Result<AccountState> parse_account_state(std::string_view json);
[[nodiscard]] base::Result<AccountHold> parse_account_hold(std::string_view json);
[[nodiscard]] std::string to_json(const AccountState& state);
[[nodiscard]] std::string to_json(const AccountHold& hold);

}  // namespace cardea::store
