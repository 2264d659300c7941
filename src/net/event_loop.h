// One thread, one poller, one timer wheel. Everything a loop owns is touched on its thread only; other
// threads talk to it through post().
#pragma once

#include <chrono>
#include <coroutine>
#include <memory>
#include <utility>

#include "net/inbox.h"
#include "net/poller.h"
#include "net/timer_wheel.h"

namespace cardea::net {

class EventLoop {
 public:
  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  // Runs until stop(). The calling thread becomes the loop's thread.
  void run();
  // Any thread. run() returns soon; what was posted before is still run.
  void stop();
  // Any thread. Runs `work` on the loop's thread, in the order of posting, never from inside the call.
  void post(Inbox::Work work) { inbox_->post(std::move(work)); }
  // For who posts from a thread that may outlive the loop, such as one that is stuck in the system's
  // resolver.
  [[nodiscard]] const std::shared_ptr<Inbox>& inbox() const { return inbox_; }

  [[nodiscard]] Poller& poller() { return poller_; }
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
  [[nodiscard]] std::chrono::milliseconds wait_limit();
  void tick();

  Poller poller_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  bool stopped_ = false;

  TimerWheel wheel_;
  // Off while nothing is linked, so that an idle server does not wake up ten times a second.
  bool ticking_ = false;
  Clock::time_point next_tick_;
};

}  // namespace cardea::net
