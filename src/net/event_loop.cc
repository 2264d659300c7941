#include "net/event_loop.h"

#include <utility>

#include <boost/asio/post.hpp>
#include <time.h>

namespace cardea::net {

// UNSAFE_IO: sockets of a loop are touched by its thread only, so the reactor needs no lock; post() stays
// safe.
EventLoop::EventLoop()
    : context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      keep_running_(context_.get_executor()),
      ticker_(context_),
      wheel_(now()) {}

void EventLoop::run() {
  context_.run();
}

void EventLoop::stop() {
  boost::asio::post(context_, [this] { context_.stop(); });
}

void EventLoop::post(std::move_only_function<void()> work) {
  boost::asio::post(context_, std::move(work));
}

Clock::time_point EventLoop::now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return Clock::time_point{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
}

void EventLoop::set_timer(TimerWheel::Timer& timer, std::chrono::milliseconds after) {
  wheel_.set(timer, now() + after);
  if (!ticking_) tick();
}

// The ticker runs only while something is linked: an idle server does not wake up ten times a second.
void EventLoop::tick() {
  ticking_ = true;
  ticker_.expires_after(TimerWheel::kTick);
  ticker_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    wheel_.advance(now());
    ticking_ = !wheel_.empty();
    if (ticking_) tick();
  });
}

}  // namespace cardea::net
