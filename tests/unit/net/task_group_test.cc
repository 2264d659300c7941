#include "net/task_group.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "net/callback.h"
#include "net/loop_fixture.h"
#include "net/race.h"

namespace cardea::net {
namespace {

using namespace std::chrono_literals;

struct Never {
  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<>) const {}
  void await_resume() const {}
};

Task<void> wait_for_ever(int& alive) {
  const Alive guard(alive);
  co_await Never{};
}

Task<void> nested(int& alive) {
  const Alive guard(alive);
  co_await wait_for_ever(alive);
}

Task<void> do_nothing() {
  co_return;
}

TEST(TaskGroup, StartsATaskAtOnceAndForgetsItAtItsEnd) {
  TaskGroup tasks;
  int emptied = 0;
  tasks.on_empty([&] { ++emptied; });
  tasks.spawn("nothing", do_nothing());
  EXPECT_EQ(tasks.size(), 0U);
  EXPECT_EQ(emptied, 1);
  tasks.spawn("nothing", do_nothing());
  EXPECT_EQ(emptied, 2);
}

TEST(TaskGroup, DestroysSuspendedFramesWithAllTheyAwait) {
  int alive = 0;
  TaskGroup tasks;
  for (int i = 0; i < 3; ++i) tasks.spawn("nested", nested(alive));
  EXPECT_EQ(tasks.size(), 3U);
  EXPECT_EQ(alive, 6);
  tasks.cancel_all();
  EXPECT_EQ(tasks.size(), 0U);
  EXPECT_EQ(alive, 0);
  tasks.cancel_all();
}

TEST(TaskGroup, DestroysWhatStillRunsWhenItEnds) {
  int alive = 0;
  {
    TaskGroup tasks;
    tasks.spawn("nested", nested(alive));
    EXPECT_EQ(alive, 2);
  }
  EXPECT_EQ(alive, 0);
}

TEST(TaskGroup, DoesNotReportACancellationAsAnEnd) {
  int alive = 0;
  int emptied = 0;
  TaskGroup tasks;
  tasks.on_empty([&] { ++emptied; });
  tasks.spawn("waits", wait_for_ever(alive));
  tasks.cancel_all();
  EXPECT_EQ(emptied, 0);
}

TEST(TaskGroup, IsEmptyOnlyWhenTheLastOfSeveralHasEnded) {
  int alive = 0;
  int emptied = 0;
  TaskGroup tasks;
  tasks.on_empty([&] { ++emptied; });
  tasks.spawn("waits", wait_for_ever(alive));
  tasks.spawn("nothing", do_nothing());
  EXPECT_EQ(tasks.size(), 1U);
  EXPECT_EQ(emptied, 0);
}

TEST(TaskGroup, SurvivesATaskThatThrows) {
  TaskGroup tasks;
  const auto thrower = []() -> Task<void> {
    throw std::runtime_error("on purpose, by a test");
    co_return;
  };
  tasks.spawn("thrower", thrower());
  EXPECT_EQ(tasks.size(), 0U);
}

using Number = Callback<int>;

TEST(Callback, MayBeDoneBeforeItIsAwaited) {
  TaskGroup tasks;
  int got = 0;
  const auto body = [&]() -> Task<void> {
    auto [number] = co_await Number([](auto done) { done(7); });
    got = number;
  };
  tasks.spawn("body", body());
  EXPECT_EQ(got, 7);
}

TEST(Callback, ResumesWhoeverWaits) {
  TaskGroup tasks;
  std::function<void(int)> later;
  int got = 0;
  const auto body = [&]() -> Task<void> {
    auto [number] = co_await Number([&](auto done) { later = done; });
    got = number;
  };
  tasks.spawn("body", body());
  EXPECT_EQ(tasks.size(), 1U);
  later(7);
  EXPECT_EQ(got, 7);
  EXPECT_EQ(tasks.size(), 0U);
}

TEST(Callback, IgnoresACompletionAfterTheWaiterWasDestroyed) {
  TaskGroup tasks;
  std::function<void(int)> later;
  const auto body = [&]() -> Task<void> {
    auto [number] = co_await Number([&](auto done) { later = done; });
    ADD_FAILURE() << number;
  };
  tasks.spawn("body", body());
  tasks.cancel_all();
  later(7);
}

TEST(Callback, MovesResultsThatCannotBeCopied) {
  TaskGroup tasks;
  std::unique_ptr<int> got;
  const auto body = [&]() -> Task<void> {
    auto [number] =
        co_await Callback<std::unique_ptr<int>>([](auto done) { done(std::make_unique<int>(7)); });
    got = std::move(number);
  };
  tasks.spawn("body", body());
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, 7);
}

class Race : public LoopTest {
 protected:
  Task<int> sleep_and_say(std::chrono::milliseconds time, int number) {
    const Alive guard(alive_);
    co_await loop_.sleep(time);
    co_return number;
  }
  Task<std::optional<int>> race(std::chrono::milliseconds limit, std::chrono::milliseconds time) {
    co_return co_await with_deadline<int>(loop_, limit, sleep_and_say(time, 7));
  }

  int alive_ = 0;
};

TEST_F(Race, GivesTheResultOfATaskThatDoesNotWait) {
  auto racing = start(race(20s, 0ms));
  ASSERT_TRUE(racing->done());
  EXPECT_EQ(racing->wait(), 7);
}

TEST_F(Race, GivesTheResultOfATaskThatIsInTime) {
  EXPECT_EQ(run(race(20s, 100ms)), 7);
  EXPECT_EQ(alive_, 0);
}

TEST_F(Race, DestroysATaskThatIsLate) {
  EXPECT_EQ(run(race(200ms, 1h)), std::nullopt);
  EXPECT_EQ(alive_, 0);
}

TEST_F(Race, MayBeDestroyedWhileItWaits) {
  auto racing = start(race(200ms, 1h));
  EXPECT_EQ(alive_, 1);
  racing.reset();
  EXPECT_EQ(alive_, 0);
  EXPECT_EQ(run(race(20s, 400ms)), 7);
}

}  // namespace
}  // namespace cardea::net
