// Counters of one worker: written by its thread alone, read by whoever reports them. No lock, no atomic
// read-modify-write on the request path.
#pragma once

#include <atomic>
#include <cstdint>

namespace cardea::metrics {

class Counter {
 public:
  // The owning thread only: a plain load and store, since nobody else writes.
  void add(std::uint64_t amount = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  // Any thread; may be a moment behind.
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

}  // namespace cardea::metrics
