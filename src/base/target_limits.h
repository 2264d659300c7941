// The limits of one proxy target; part of limits.h, which is what others include.
#pragma once

#include <cstddef>

namespace cardea::base {

// upstream_ca_pem of a target. A root has 1 to 2 KiB; every node holds the text for every target that has
// one.
inline constexpr std::size_t kUpstreamCaBytesMax = 16 * 1024;

// custom_headers of a target, together with what they already hold: all go into the head of every request to
// the upstream, which is looked through for each of them. Upstreams take heads of 8 (nginx, Apache) to 16 KiB
// (Node.js), and the client's own fields have to fit too.
inline constexpr std::size_t kCustomHeadersMax = 32;
inline constexpr std::size_t kCustomHeadersBytesMax = 8 * 1024;
// target_url. Its path stands in every request line.
inline constexpr std::size_t kTargetUrlBytesMax = 2048;

}  // namespace cardea::base
