// Waiting for the end of work that a TaskGroup owns.
#pragma once

#include <coroutine>
#include <memory>
#include <utility>

#include "net/event_loop.h"

namespace cardea::net {

// One waiter, loop thread only. Outlives the work that calls set().
class Completion {
 public:
  explicit Completion(EventLoop& loop) : loop_(loop) {}
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;
  ~Completion() { *alive_ = false; }

  // The work is done; called once, as its last step.
  void set() {
    done_ = true;
    if (!waiter_) return;
    // Not from inside the work: whoever waits may destroy it.
    loop_.post([this, alive = alive_] {
      if (*alive && waiter_) std::exchange(waiter_, {}).resume();
    });
  }

  class Awaiter {
   public:
    explicit Awaiter(Completion& completion) : completion_(completion) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter() { completion_.waiter_ = {}; }
    [[nodiscard]] bool await_ready() const { return completion_.done_; }
    void await_suspend(std::coroutine_handle<> waiter) { completion_.waiter_ = waiter; }
    void await_resume() const {}

   private:
    Completion& completion_;
  };
  [[nodiscard]] Awaiter wait() { return Awaiter(*this); }

 private:
  EventLoop& loop_;
  bool done_ = false;
  std::coroutine_handle<> waiter_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace cardea::net
