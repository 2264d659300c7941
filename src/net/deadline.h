// One time limit for several waits, so that a peer that sends a byte now and then does not prolong it.
#pragma once

#include <algorithm>
#include <chrono>
#include <expected>

#include "base/error.h"
#include "net/event_loop.h"

namespace cardea::net {

class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds limit) : at_(EventLoop::now() + limit) {}

  // What is left for the next wait; at least a millisecond, so that a wait ends by its own time-out. A peer
  // that sends often never lets it: whoever waits in a loop looks at passed() after each wait.
  [[nodiscard]] std::chrono::milliseconds left() const {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(at_ - EventLoop::now()),
                    std::chrono::milliseconds(1));
  }
  [[nodiscard]] bool passed() const { return EventLoop::now() >= at_; }
  // The error of a wait that ended well, but too late.
  static std::unexpected<base::Error> missed(base::ErrorSource peer) {
    return base::fail(base::ErrorCode::timeout, "not all came in time", peer);
  }

 private:
  Clock::time_point at_;
};

}  // namespace cardea::net
