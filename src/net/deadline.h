// One time limit for several waits, so that a peer that sends a byte now and then does not prolong it.
#pragma once

#include <algorithm>
#include <chrono>

#include "net/event_loop.h"

namespace cardea::net {

class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds limit) : at_(EventLoop::now() + limit) {}

  // What is left for the next wait; at least a millisecond, so that a wait ends by its own time-out.
  [[nodiscard]] std::chrono::milliseconds left() const {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(at_ - EventLoop::now()),
                    std::chrono::milliseconds(1));
  }
  [[nodiscard]] bool passed() const { return EventLoop::now() >= at_; }

 private:
  Clock::time_point at_;
};

}  // namespace cardea::net
