// Who sends a request: the Authorization field against the stored tokens.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "net/task.h"
#include "store/repositories.h"

namespace cardea::auth {

// Control thread only.
class Authenticator {
 public:
  explicit Authenticator(store::TokenRepository& tokens) : tokens_(tokens) {}

  // nullopt: the request carries no Authorization and is anonymous. Error: unauthorized (there is one, and it
  // is not a valid token: never silently anonymous), or the store's.
  net::Task<base::Result<std::optional<store::TokenRecord>>> authenticate(std::string authorization);

 private:
  store::TokenRepository& tokens_;
};

// May the holder of `token` change an object of this owner?
[[nodiscard]] bool owns(const store::TokenRecord& token, std::string_view owner_token_hash);

}  // namespace cardea::auth
