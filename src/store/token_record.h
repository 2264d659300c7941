// An API token as it is stored, by its hash (authentication) and by its name (management).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace cardea::store {

// A value.
struct TokenRecord {
  std::string name;
  std::string token;  // the secret itself: the specification wants it to be retrievable. Never in a log.
  std::string hash;   // "sha256:<hex>"
  std::string cert_email;
  std::optional<base::Time> created_at;
  std::string other_members;  // JSON object of members unknown to us; "" if none

  bool operator==(const TokenRecord&) const = default;
};

// "sha256:" and 64 hex digits: what owner_token_hash holds.
[[nodiscard]] std::string hash_token(std::string_view token);

// Error (invalid, naming the member): not JSON, a member of the wrong type, name or hash missing.
[[nodiscard]] base::Result<TokenRecord> parse_token_record(std::string_view json);
[[nodiscard]] std::string to_json(const TokenRecord& record);

}  // namespace cardea::store
