#include "net/timer_wheel.h"

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace cardea::net {
namespace {

using namespace std::chrono_literals;

class TestTimer final : public TimerWheel::Timer {
 public:
  explicit TestTimer(std::function<void()> work) : work_(std::move(work)) {}

 private:
  void on_expired() override { work_(); }
  std::function<void()> work_;
};

class TimerWheelTest : public testing::Test {
 protected:
  TestTimer named(char name) {
    return TestTimer([this, name] { expired_ += name; });
  }
  void set(TestTimer& timer, std::chrono::milliseconds after_start) {
    wheel_.set(timer, start_ + after_start);
  }
  void advance(std::chrono::milliseconds after_start) { wheel_.advance(start_ + after_start); }

  Clock::time_point start_{1000h};
  TimerWheel wheel_{start_};
  std::string expired_;
};

TEST_F(TimerWheelTest, ExpiresNeverEarlierThanAskedAndOnlyOnce) {
  TestTimer a = named('a');
  set(a, 250ms);
  for (const auto early : {0ms, 100ms, 200ms, 249ms}) advance(early);
  EXPECT_EQ(expired_, "");
  advance(300ms);
  EXPECT_EQ(expired_, "a");
  advance(10min);
  EXPECT_EQ(expired_, "a");
  EXPECT_TRUE(wheel_.empty());
}

TEST_F(TimerWheelTest, ExpiresADeadlineThatHasPassedAtTheNextTick) {
  TestTimer a = named('a');
  advance(5s);
  set(a, 1s);
  advance(5s);
  EXPECT_EQ(expired_, "");
  advance(5100ms);
  EXPECT_EQ(expired_, "a");
}

TEST_F(TimerWheelTest, ExpiresInTheOrderOfDeadlines) {
  TestTimer a = named('a');
  TestTimer b = named('b');
  TestTimer c = named('c');
  set(c, 30s);
  set(a, 1s);
  set(b, 20s);
  for (auto now = 0ms; now <= 31s; now += 100ms) advance(now);
  EXPECT_EQ(expired_, "abc");
}

TEST_F(TimerWheelTest, KeepsTheOrderOverALongJump) {
  TestTimer a = named('a');
  TestTimer b = named('b');
  TestTimer c = named('c');
  TestTimer far = named('!');
  set(c, 30min);
  set(b, 99s);
  set(a, 5s);
  set(far, 5h);
  advance(1h);
  EXPECT_EQ(expired_, "abc");
  EXPECT_FALSE(wheel_.empty());
}

TEST_F(TimerWheelTest, ExpiresDeadlinesBeyondOneTurnOfTheWheelInTime) {
  TestTimer a = named('a');
  set(a, 1h);
  for (auto now = 0ms; now <= 1h; now += 700ms) advance(now);
  EXPECT_EQ(expired_, "");
  advance(1h + 100ms);
  EXPECT_EQ(expired_, "a");
}

TEST_F(TimerWheelTest, MovesATimerLater) {
  TestTimer a = named('a');
  set(a, 1s);
  set(a, 3s);
  advance(2900ms);
  EXPECT_EQ(expired_, "");
  advance(3100ms);
  EXPECT_EQ(expired_, "a");
}

TEST_F(TimerWheelTest, MovesATimerEarlier) {
  TestTimer a = named('a');
  set(a, 50s);
  set(a, 1s);
  advance(1100ms);
  EXPECT_EQ(expired_, "a");
  advance(1min);
  EXPECT_EQ(expired_, "a");
}

TEST_F(TimerWheelTest, MovesATimerLaterThenEarlierThanItsFirstDeadline) {
  TestTimer a = named('a');
  set(a, 10s);
  set(a, 60s);
  set(a, 2s);
  advance(2100ms);
  EXPECT_EQ(expired_, "a");
}

TEST_F(TimerWheelTest, ForgetsAClearedTimerAndTakesItAgain) {
  TestTimer a = named('a');
  TimerWheel::clear(a);
  set(a, 1s);
  TimerWheel::clear(a);
  advance(2s);
  EXPECT_EQ(expired_, "");
  EXPECT_TRUE(wheel_.empty());
  set(a, 3s);
  TimerWheel::clear(a);
  set(a, 3s);
  advance(3100ms);
  EXPECT_EQ(expired_, "a");
}

TEST_F(TimerWheelTest, LosesATimerThatIsDestroyedWhileLinked) {
  {
    TestTimer a = named('a');
    set(a, 1s);
    EXPECT_FALSE(wheel_.empty());
  }
  EXPECT_TRUE(wheel_.empty());
  advance(2s);
  EXPECT_EQ(expired_, "");
}

TEST_F(TimerWheelTest, LetsAnExpiringTimerSetItselfAgain) {
  TestTimer* self = nullptr;
  TestTimer again([&] {
    expired_ += 'x';
    if (expired_.size() < 3) wheel_.set(*self, start_);
  });
  self = &again;
  set(again, 1s);
  advance(1100ms);
  EXPECT_EQ(expired_, "x");
  advance(1200ms);
  EXPECT_EQ(expired_, "xx");
  advance(10s);
  EXPECT_EQ(expired_, "xxx");
}

TEST_F(TimerWheelTest, LetsAnExpiringTimerDestroyItselfAndItsNeighbours) {
  auto neighbour = std::make_unique<TestTimer>([this] { expired_ += 'n'; });
  std::unique_ptr<TestTimer> killer;
  killer = std::make_unique<TestTimer>([&] {
    expired_ += 'k';
    neighbour.reset();
    // The function that runs belongs to the timer: nothing of it is used after this.
    std::exchange(killer, nullptr).reset();
  });
  set(*killer, 1s);
  set(*neighbour, 1s);
  advance(2s);
  EXPECT_EQ(expired_, "k");
  EXPECT_TRUE(wheel_.empty());
}

TEST_F(TimerWheelTest, LetsAnExpiringTimerMoveOneThatIsDueInTheSameTick) {
  TestTimer late = named('l');
  TestTimer mover([&] { set(late, 5s); });
  set(mover, 1s);
  set(late, 1s);
  advance(4s);
  EXPECT_EQ(expired_, "");
  advance(5100ms);
  EXPECT_EQ(expired_, "l");
}

TEST_F(TimerWheelTest, StartsFromAnyTimeWhenItIsEmpty) {
  TestTimer a = named('a');
  wheel_.skip_to(start_ + 1000h);
  set(a, 1000h + 1s);
  advance(1000h + 900ms);
  EXPECT_EQ(expired_, "");
  advance(1000h + 1100ms);
  EXPECT_EQ(expired_, "a");
}

}  // namespace
}  // namespace cardea::net
