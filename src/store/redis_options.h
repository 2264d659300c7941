// REDIS_URL as the client needs it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/endpoint.h"

namespace cardea::store {

enum class RedisTransport : std::uint8_t { plain, tls };

struct RedisOptions {
  net::Endpoint endpoint;
  RedisTransport transport = RedisTransport::plain;
  std::string username;  // of an ACL user; empty: the default user
  std::string password;  // a secret; empty: no AUTH
  std::uint32_t database = 0;

  // For log lines: where it is, never the password.
  [[nodiscard]] std::string to_string() const;
};

// redis://[user[:password]@]host[:port][/database], rediss://… (TLS), unix://[user:password@]/path[?db=N].
// ":password@" is the default user's. User and password are percent-decoded, a path is not.
// Error (invalid): what is none of these, or a user without a password; the sentence never repeats the
// password.
[[nodiscard]] base::Result<RedisOptions> parse_redis_url(std::string_view text);

}  // namespace cardea::store
