// Waiting until another coroutine of the same loop says that something has moved.
#pragma once

#include <chrono>
#include <coroutine>
#include <utility>

#include "base/check.h"
#include "net/event_loop.h"

namespace cardea::net {

// One waiter at a time, loop thread only. Remembers nothing: who waits has looked before.
class Signal final : private TimerWheel::Timer {
 public:
  explicit Signal(EventLoop& loop) : loop_(loop) {}

  // Resumes who waits, as a part of this call: the caller is prepared for anything that it does.
  void set() {
    if (!waiter_) return;
    TimerWheel::clear(*this);
    in_time_ = true;
    std::exchange(waiter_, {}).resume();
  }

  class Awaiter {
   public:
    Awaiter(Signal& signal, std::chrono::milliseconds limit) : signal_(signal), limit_(limit) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter() {
      signal_.waiter_ = {};
      TimerWheel::clear(signal_);
    }
    [[nodiscard]] bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
      CARDEA_CHECK(!signal_.waiter_, "two waiters of one signal");
      signal_.waiter_ = waiter;
      signal_.in_time_ = false;
      signal_.loop_.set_timer(signal_, limit_);
    }
    [[nodiscard]] bool await_resume() const { return signal_.in_time_; }

   private:
    Signal& signal_;
    std::chrono::milliseconds limit_;
  };
  // True after set(), false after `limit`.
  [[nodiscard]] Awaiter wait(std::chrono::milliseconds limit) { return {*this, limit}; }

 private:
  void on_expired() override {
    if (waiter_) std::exchange(waiter_, {}).resume();
  }

  EventLoop& loop_;
  std::coroutine_handle<> waiter_;
  bool in_time_ = false;
};

}  // namespace cardea::net
