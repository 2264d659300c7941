// One coarse timer wheel per loop: deadlines of connections are set, moved and cleared several times per
// request, so each must cost a few stores. Pure: the loop tells the time.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include <boost/intrusive/list.hpp>

namespace cardea::net {

using Clock = std::chrono::steady_clock;

class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{100};

  // Something that may expire. Unregisters itself when it is destroyed.
  class Timer
      : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
   public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer() = default;

   private:
    friend class TimerWheel;
    // Called once, on the loop's thread; may set or destroy any timer, this one included.
    virtual void on_expired() = 0;

    static constexpr std::uint64_t kNever = UINT64_MAX;
    std::uint64_t deadline_tick_ = kNever;
    std::uint64_t slot_tick_ = 0;  // where it is linked: at or before the deadline
  };

  explicit TimerWheel(Clock::time_point start) : start_(start) {}

  // Expires `timer` at the first tick after `deadline`, instead of an earlier setting. A deadline that moves
  // later only changes a number: the timer is linked again when its old slot comes by.
  void set(Timer& timer, Clock::time_point deadline);
  static void clear(Timer& timer) { timer.deadline_tick_ = Timer::kNever; }
  // Expires everything due at `now`.
  void advance(Clock::time_point now);
  // The same when nothing is linked, however long ago the last tick was.
  void skip_to(Clock::time_point now) { now_tick_ = tick_at(now); }
  // False when no timer is linked, so that the loop need not wake up.
  [[nodiscard]] bool empty() const;

 private:
  using Slot = boost::intrusive::list<Timer, boost::intrusive::constant_time_size<false>>;
  static constexpr std::size_t kSlots = 1024;  // 102 s ahead; what is later is linked again on the way

  void link(Timer& timer);
  [[nodiscard]] std::uint64_t tick_at(Clock::time_point when) const;

  Clock::time_point start_;
  std::uint64_t now_tick_ = 0;
  std::array<Slot, kSlots> slots_;
};

}  // namespace cardea::net
