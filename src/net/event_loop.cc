#include "net/event_loop.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <sys/eventfd.h>
#include <time.h>

#include "base/check.h"

namespace cardea::net {

EventLoop::Waker::Waker() : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CARDEA_CHECK(event_.is_open(), "no descriptor left for an event loop");
}

void EventLoop::Waker::wake() const {
  eventfd_write(event_.get(), 1);
}

void EventLoop::Waker::on_ready(std::uint32_t /*events*/) {
  eventfd_t ignored = 0;
  eventfd_read(event_.get(), &ignored);
  rung_ = true;
}

EventLoop::EventLoop() : wheel_(now()) {
  poller_.add(waker_.descriptor(), EPOLLIN, waker_);
}

EventLoop::~EventLoop() = default;

void EventLoop::run() {
  while (!stopped_) {
    poller_.wait(wait_limit());
    tick();
    run_posted();
  }
  stopped_ = false;
}

void EventLoop::stop() {
  post([this] { stopped_ = true; });
}

void EventLoop::post(std::move_only_function<void()> work) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
  }
  // One alarm is enough for all that is posted until it is heard.
  if (first) waker_.wake();
}

void EventLoop::run_posted() {
  if (!waker_.take_rung()) return;
  {
    const std::scoped_lock lock(mutex_);
    running_.swap(posted_);
  }
  for (auto& work : running_) work();
  running_.clear();
}

Clock::time_point EventLoop::now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return Clock::time_point{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
}

void EventLoop::set_timer(TimerWheel::Timer& timer, std::chrono::milliseconds after) {
  const Clock::time_point time = now();
  if (!ticking_) {
    ticking_ = true;
    next_tick_ = time + TimerWheel::kTick;
    wheel_.skip_to(time);
  }
  wheel_.set(timer, time + after);
}

std::chrono::milliseconds EventLoop::wait_limit() {
  if (!ticking_) return std::chrono::milliseconds(-1);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_tick_ - now());
  return std::max(left, std::chrono::milliseconds(0));
}

void EventLoop::tick() {
  if (!ticking_) return;
  const Clock::time_point time = now();
  if (time < next_tick_) return;
  next_tick_ = time + TimerWheel::kTick;
  wheel_.advance(time);
  ticking_ = !wheel_.empty();
}

}  // namespace cardea::net
