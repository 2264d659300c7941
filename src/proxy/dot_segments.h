// Targets that might leave the path of their target_url. Pure.
#pragma once

#include <string_view>

namespace cardea::proxy {

// Whether some reader could take a segment of the target's path for "." or "..": also percent-encoded,
// between backslashes, or with parameters ("..;a"), which servlet containers cut off.
[[nodiscard]] bool has_dot_segment(std::string_view target);

}  // namespace cardea::proxy
