#include "auth/authenticator.h"

#include "auth/token.h"
#include "base/strings.h"

namespace cardea::auth {
namespace {

std::unexpected<base::Error> refused(std::string why) {
  return base::fail(base::ErrorCode::unauthorized, std::move(why), base::ErrorSource::client);
}

}  // namespace

net::Task<base::Result<std::optional<store::TokenRecord>>> Authenticator::authenticate(
    std::string authorization) {
  if (authorization.empty()) co_return std::nullopt;
  // RFC 9110 §11.1: the scheme compares without case.
  const std::string_view header(authorization);
  if (!base::equals_ignoring_case(header.substr(0, 7), "bearer ")) {
    co_return refused("Send \"Authorization: Bearer acm_…\".");
  }
  const std::string token(base::trim(header.substr(7)));
  if (!is_token_shaped(token))
    co_return refused(
        "The bearer token is not valid; \"./scripts/justw token-show NAME\" prints the one you have.");
  auto found = co_await tokens_.find_by_hash(store::hash_token(token));
  if (!found) co_return std::unexpected(found.error());
  // The look-up by hash decides; the comparison keeps a collision of keys from ever being a login.
  if (!*found || !base::equals_in_constant_time((*found)->token, token)) {
    co_return refused(
        "The bearer token is not valid; \"./scripts/justw token-show NAME\" prints the one you have.");
  }
  co_return std::move(*found);
}

bool owns(const store::TokenRecord& token, std::string_view owner_token_hash) {
  return base::equals_in_constant_time(token.hash, owner_token_hash);
}

}  // namespace cardea::auth
