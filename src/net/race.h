// Waiting for a task, but no longer than a time.
#pragma once

#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

#include "net/event_loop.h"
#include "net/task.h"
#include "net/task_group.h"

namespace cardea::net {

namespace detail {
template <typename T>
class DeadlineAwaiter final : private TimerWheel::Timer {
 public:
  DeadlineAwaiter(EventLoop& loop, std::chrono::milliseconds limit, Task<T> task)
      : loop_(loop), limit_(limit), task_(std::move(task)) {}
  DeadlineAwaiter(const DeadlineAwaiter&) = delete;
  DeadlineAwaiter& operator=(const DeadlineAwaiter&) = delete;
  ~DeadlineAwaiter() override { *alive_ = false; }

  [[nodiscard]] bool await_ready() {
    tasks_.spawn("task with a deadline", run());
    return result_.has_value();
  }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    loop_.set_timer(*this, limit_);
  }
  [[nodiscard]] std::optional<T> await_resume() { return std::move(result_); }

 private:
  Task<void> run() {
    result_.emplace(co_await task_);
    if (!waiter_) co_return;
    // Not from inside the task: whoever waits would destroy it.
    loop_.post([this, alive = alive_] {
      if (*alive) wake();
    });
  }
  void on_expired() override { wake(); }
  void wake() {
    if (waiter_) std::exchange(waiter_, {}).resume();
  }

  EventLoop& loop_;
  std::chrono::milliseconds limit_;
  Task<T> task_;
  std::optional<T> result_;
  std::coroutine_handle<> waiter_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  TaskGroup tasks_;  // last: destroyed first, with what the task uses still there
};
}  // namespace detail

// The result of `task`, or nullopt if it took longer than `limit`; it is then destroyed.
template <typename T>
detail::DeadlineAwaiter<T> with_deadline(EventLoop& loop, std::chrono::milliseconds limit, Task<T> task) {
  return {loop, limit, std::move(task)};
}

}  // namespace cardea::net
