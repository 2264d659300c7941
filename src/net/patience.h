// How long a peer is still waited for that may take its time in all but has to keep up a rate.
//
// Waiting spends the patience and bytes earn it back, up to `limit`: a pause shorter than that is no fault,
// who keeps up the rate may go on for ever, and who is slower is given up after `limit` and what its bytes
// were worth. A single time limit for each wait would let a byte now and then hold a connection for ever.
// Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "net/timer_wheel.h"

namespace cardea::net {

// Bytes per second; none: any byte earns all of the patience back.
enum class RateMin : std::uint32_t { none = 0 };

class Patience {
 public:
  Patience(std::chrono::milliseconds limit, RateMin rate) : limit_(limit), left_(limit), rate_(rate) {}

  // What the next wait may take; at least a millisecond, so that a wait ends by its own time-out.
  [[nodiscard]] std::chrono::milliseconds left() const {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(left_), std::chrono::milliseconds(1));
  }
  [[nodiscard]] bool is_over() const { return left_ <= Clock::duration::zero(); }

  // `bytes` came, or went, in a wait of that length.
  void note(Clock::duration waited, std::uint64_t bytes) {
    const auto rate = static_cast<std::uint64_t>(rate_);
    const bool earns_all = rate == 0 ? bytes > 0 : std::chrono::seconds(bytes / rate) >= limit_;
    if (earns_all) {
      left_ = limit_;
    } else {
      const std::uint64_t worth = rate == 0 ? 0 : bytes * 1'000'000'000 / rate;
      left_ = std::min(left_ - waited + std::chrono::nanoseconds(worth), Clock::duration(limit_));
    }
  }

 private:
  std::chrono::milliseconds limit_;
  Clock::duration left_;
  RateMin rate_;
};

}  // namespace cardea::net
