// Absolute URLs as Cardea meets them in configuration and objects: scheme://host[:port][/path].
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace cardea::base {

struct Url {
  std::string scheme;      // lower case
  std::string userinfo;    // "user:password" as written, without '@'; empty if none
  std::string host;        // canonical name, or IP literal without brackets; empty for unix://
  std::uint16_t port = 0;  // as written, else the scheme's usual port, else 0
  std::string path;        // begins with '/' or is empty; query included

  // host:port as a Host header has it: brackets around IPv6, the usual port left out.
  [[nodiscard]] std::string authority() const;
};

// Error (invalid): no scheme, no host (except unix://), a fragment, spaces or control characters.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

}  // namespace cardea::base
