// One thread, one io_context, one timer wheel. Everything a loop owns is touched on its thread only; other
// threads talk to it through post().
#pragma once

#include <chrono>
#include <coroutine>
#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/timer_wheel.h"

namespace cardea::net {

class EventLoop {
 public:
  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until stop(). The calling thread becomes the loop's thread.
  void run();
  // Any thread. run() returns soon; what was posted before is still run.
  void stop();
  // Any thread. Runs `work` on the loop's thread, in the order of posting.
  void post(std::move_only_function<void()> work);

  [[nodiscard]] boost::asio::io_context& context() { return context_; }
  // Coarse monotonic time, a few milliseconds behind at most: for deadlines, not for measuring.
  [[nodiscard]] static Clock::time_point now();

  void set_timer(TimerWheel::Timer& timer, std::chrono::milliseconds after);

  // co_await loop.sleep(2s): resumes on this loop, at most one tick late.
  class SleepAwaiter : public TimerWheel::Timer {
   public:
    SleepAwaiter(EventLoop& loop, std::chrono::milliseconds duration) : loop_(loop), duration_(duration) {}
    [[nodiscard]] bool await_ready() const { return duration_.count() <= 0; }
    void await_suspend(std::coroutine_handle<> waiter) {
      waiter_ = waiter;
      loop_.set_timer(*this, duration_);
    }
    void await_resume() const {}

   private:
    void on_expired() override { waiter_.resume(); }
    EventLoop& loop_;
    std::chrono::milliseconds duration_;
    std::coroutine_handle<> waiter_;
  };
  [[nodiscard]] SleepAwaiter sleep(std::chrono::milliseconds duration) { return {*this, duration}; }

 private:
  void tick();

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running_;
  boost::asio::steady_timer ticker_;
  bool ticking_ = false;
  TimerWheel wheel_;
};

}  // namespace cardea::net
