#include "acme/external_account.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/url.h"
#include "crypto/jwk.h"
#include "crypto/jws.h"

namespace cardea::acme {
namespace {

using base::Result;

std::unexpected<base::Error> bad(std::string why) {
  return base::fail(base::ErrorCode::invalid, std::move(why));
}

// CAs print their keys in either alphabet; one text has characters of one only.
std::optional<std::string> decode_secret(std::string_view text) {
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  std::string url_form(text);
  if (text.find_first_of("-_") == std::string_view::npos) {
    std::ranges::replace(url_form, '+', '-');
    std::ranges::replace(url_form, '/', '_');
  }
  auto secret = base::parse_base64url(url_form);
  if (!secret) return std::nullopt;
  return std::move(*secret);
}

bool is_kid(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// An entry that lacks a part may have its key where the authority should be: then it is not repeated.
Result<ExternalAccount> parse_entry(std::string_view entry, std::size_t number) {
  const std::size_t equals = entry.find('=');
  const std::string_view pair = equals == std::string_view::npos ? "" : entry.substr(equals + 1);
  const std::size_t colon = pair.rfind(':');
  if (colon == std::string_view::npos) return bad(fmt::format("entry {} is not AUTHORITY=KID:HMAC", number));
  const auto url = base::parse_url(fmt::format("https://{}/", base::trim(entry.substr(0, equals))));
  if (!url || url->path != "/" || !url->userinfo.empty()) {
    return bad(fmt::format("entry {} does not begin with the host or host:port of a directory", number));
  }
  ExternalAccount account{
      .authority = url->authority(), .kid = std::string(pair.substr(0, colon)), .secret = {}};
  if (!is_kid(account.kid))
    return bad("the entry for " + account.authority + " has no usable key identifier");
  auto secret = decode_secret(pair.substr(colon + 1));
  if (!secret)
    return bad("the key of the entry for " + account.authority + " is neither base64url nor base64");
  if (secret->size() < base::kExternalAccountSecretBytesMin) {
    return bad(fmt::format("the key of the entry for {} has {} bytes, but needs at least {}",
                           account.authority, secret->size(), base::kExternalAccountSecretBytesMin));
  }
  account.secret = std::move(*secret);
  return account;
}

const ExternalAccount* find_authority(std::span<const ExternalAccount> accounts, std::string_view authority) {
  const auto found = std::ranges::find(accounts, authority, &ExternalAccount::authority);
  return found == accounts.end() ? nullptr : &*found;
}

}  // namespace

Result<std::vector<ExternalAccount>> parse_external_accounts(std::string_view text) {
  std::vector<ExternalAccount> accounts;
  std::size_t number = 0;
  for (const std::string_view part : base::split(text, ',')) {
    ++number;
    const std::string_view entry = base::trim(part);
    if (entry.empty()) continue;
    auto account = parse_entry(entry, number);
    if (!account) return std::unexpected(std::move(account.error()));
    if (find_authority(accounts, account->authority) != nullptr) {
      return bad("there are two entries for " + account->authority);
    }
    accounts.push_back(std::move(*account));
  }
  return accounts;
}

const ExternalAccount* find_external_account(std::span<const ExternalAccount> accounts,
                                             std::string_view directory_url) {
  const auto url = base::parse_url(directory_url);
  return url ? find_authority(accounts, url->authority()) : nullptr;
}

Result<std::string> external_account_binding(const ExternalAccount& account,
                                             const crypto::PrivateKey& account_key,
                                             std::string_view new_account_url) {
  auto jwk = crypto::public_jwk(account_key);
  if (!jwk) return jwk;
  return crypto::sign_jws_with_secret(
      account.secret, {.url = std::string(new_account_url), .nonce = {}, .kid = account.kid}, *jwk);
}

}  // namespace cardea::acme
