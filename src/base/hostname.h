// Hostnames as routing and certificates use them: lower-case, no trailing dot, letters-digits-hyphens.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace cardea::base {

// Returns the canonical form of a DNS name: lower case, one trailing dot taken off.
// Error (invalid, naming the fault): empty, over 253 bytes, a label that is empty, over 63 bytes, begins or
// ends with '-', or has a character that is no letter, digit, '-' or '_' (RFC 1123 §2.1; '_' is seen in use).
// A single label ("localhost") is a valid name.
[[nodiscard]] Result<std::string> parse_hostname(std::string_view text);

// A Host header or :authority (RFC 9110 §7.2): "name", "name:port", "[v6]:port".
struct Authority {
  std::string host;        // canonical hostname, IPv4 literal, or IPv6 literal without brackets
  std::uint16_t port = 0;  // 0 = none was given
};
// Error (invalid): what is neither of the three forms, or a port outside 1–65535.
[[nodiscard]] Result<Authority> parse_authority(std::string_view text);

[[nodiscard]] bool is_ip_literal(std::string_view host);

}  // namespace cardea::base
