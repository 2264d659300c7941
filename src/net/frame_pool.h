// Memory for coroutine frames: per-thread free lists by size, so that a request in steady state allocates
// nothing.
#pragma once

#include <cstddef>

namespace cardea::net {

// Any thread. A frame may be released on another thread than it was allocated on; it then feeds that one's
// list. Under AddressSanitizer every frame is malloc'ed, so that a use after destruction is seen.
class FramePool {
 public:
  static void* allocate(std::size_t bytes);
  static void release(void* frame, std::size_t bytes) noexcept;
};

}  // namespace cardea::net
