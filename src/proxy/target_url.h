// target_url taken apart: where an upstream is and how it is spoken to. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/endpoint.h"

namespace cardea::proxy {

enum class Transport : std::uint8_t { plain, tls };
enum class Protocol : std::uint8_t { http1, http2 };

struct TargetUrl {
  net::Endpoint endpoint;
  Transport transport = Transport::plain;
  Protocol protocol = Protocol::http1;
  std::string authority;    // as a Host field has it; "localhost" for a Unix socket
  std::string path_prefix;  // what is put in front of a request's path: no trailing slash
};

// http://host[:port][/path], https://…, ws://… and wss://… (the same as these two), h2c://…, or
// unix:///path/to/socket[:/path].
// Error (invalid, a sentence that begins with "target_url"): another scheme, user and password, a query, a
// byte in the path that a request must not have; of a socket also a path with "..", or longer than 107 bytes.
[[nodiscard]] base::Result<TargetUrl> parse_target_url(std::string_view text);

}  // namespace cardea::proxy
