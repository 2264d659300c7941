// Runs tasks on a loop of the test's own thread, so that a test reads from top to bottom.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "net/event_loop.h"
#include "net/task.h"
#include "net/task_group.h"

namespace cardea::net {

// A task that was started and may still run. Destroying it destroys the task.
template <typename T>
class Started {
 public:
  Started(EventLoop& loop, Task<T> task) : loop_(loop) {
    tasks_.spawn("task of a test", run(std::move(task)));
  }

  [[nodiscard]] bool done() const { return result_.has_value(); }
  // Runs the loop until the task has ended. Throws if it hangs.
  T wait() {
    loop_.set_timer(watchdog_, std::chrono::seconds(30));
    while (!done() && !watchdog_.expired) loop_.run();
    TimerWheel::clear(watchdog_);
    return std::move(result_.value());
  }

 private:
  struct Watchdog final : TimerWheel::Timer {
    explicit Watchdog(EventLoop& stopped) : loop(stopped) {}
    void on_expired() override {
      expired = true;
      loop.stop();
    }
    EventLoop& loop;
    bool expired = false;
  };

  Task<void> run(Task<T> task) {
    result_.emplace(co_await task);
    loop_.stop();
  }

  EventLoop& loop_;
  std::optional<T> result_;
  Watchdog watchdog_{loop_};
  TaskGroup tasks_;  // last: destroyed first
};

class LoopTest : public testing::Test {
 protected:
  template <typename T>
  std::unique_ptr<Started<T>> start(Task<T> task) {
    return std::make_unique<Started<T>>(loop_, std::move(task));
  }
  template <typename T>
  T run(Task<T> task) {
    return start(std::move(task))->wait();
  }
  // One turn: what is ready is told, what was posted is run.
  void turn() {
    loop_.stop();
    loop_.run();
  }

  EventLoop loop_;
};

// Counts down when it is destroyed: the sign that a coroutine's frame is gone.
class Alive {
 public:
  explicit Alive(int& count) : count_(count) { ++count_; }
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;
  ~Alive() { --count_; }

 private:
  int& count_;
};

}  // namespace cardea::net
