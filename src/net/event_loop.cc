#include "net/event_loop.h"

#include <algorithm>

#include <time.h>

namespace cardea::net {

EventLoop::EventLoop() : wheel_(now()) {
  poller_.add(inbox_->descriptor(), EPOLLIN, *inbox_);
}

EventLoop::~EventLoop() {
  poller_.remove(inbox_->descriptor(), *inbox_);
}

void EventLoop::run() {
  while (!stopped_) {
    poller_.collect(wait_limit());
    // Not in the order in which the poller has them: a socket that was ready in the last turn is before the
    // alarm, even if it is ready again only after the alarm was rung (epoll(7), level-triggered).
    inbox_->run_posted();
    poller_.tell();
    tick();
  }
  stopped_ = false;
}

void EventLoop::stop() {
  post([this] { stopped_ = true; });
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
