#include "net/timer_wheel.h"

#include <algorithm>

namespace cardea::net {

std::uint64_t TimerWheel::tick_at(Clock::time_point when) const {
  if (when <= start_) return 0;
  return static_cast<std::uint64_t>((when - start_) / kTick);
}

void TimerWheel::set(Timer& timer, Clock::time_point deadline) {
  // +1: never earlier than asked.
  timer.deadline_tick_ = std::max(tick_at(deadline) + 1, now_tick_ + 1);
  if (timer.is_linked() && timer.slot_tick_ <= timer.deadline_tick_) return;
  link(timer);
}

void TimerWheel::link(Timer& timer) {
  if (timer.is_linked()) timer.unlink();
  timer.slot_tick_ = std::min<std::uint64_t>(timer.deadline_tick_, now_tick_ + kSlots - 1);
  slots_[timer.slot_tick_ % kSlots].push_back(timer);
}

void TimerWheel::advance(Clock::time_point now) {
  const std::uint64_t target = tick_at(now);
  while (now_tick_ < target) {
    ++now_tick_;
    // Moved out first: on_expired() may link timers into this very slot.
    Slot due;
    due.swap(slots_[now_tick_ % kSlots]);
    while (!due.empty()) {
      Timer& timer = due.front();
      due.pop_front();
      if (timer.deadline_tick_ == Timer::kNever) continue;
      if (timer.deadline_tick_ > now_tick_) {
        link(timer);
      } else {
        timer.deadline_tick_ = Timer::kNever;
        timer.on_expired();
      }
    }
  }
}

bool TimerWheel::empty() const {
  return std::ranges::all_of(slots_, [](const Slot& slot) { return slot.empty(); });
}

}  // namespace cardea::net
