// target_url taken apart: where an upstream is and how it is spoken to. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "net/endpoint.h"

namespace cardea::proxy {

struct TargetUrl {
  net::Endpoint endpoint;
  std::string authority;    // as a Host field has it
  std::string path_prefix;  // what is put in front of a request's path: no trailing slash
};

// Error (invalid, a sentence that begins with "target_url"): not http://host[:port][/path], user and
// password, a query.
[[nodiscard]] base::Result<TargetUrl> parse_target_url(std::string_view text);

}  // namespace cardea::proxy
