#include "net/event_loop.h"

#include <array>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>

#include "net/loop_fixture.h"

namespace cardea::net {
namespace {

using namespace std::chrono_literals;

class PipeWatcher final : public Poller::Watcher {
 public:
  explicit PipeWatcher(std::function<void(std::uint32_t)> work) : work_(std::move(work)) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC), 0);
    read_end = FileDescriptor(ends[0]);
    write_end = FileDescriptor(ends[1]);
  }
  void fill() const { EXPECT_EQ(::write(write_end.get(), "x", 1), 1); }
  void drain() const {
    char byte = 0;
    EXPECT_EQ(::read(read_end.get(), &byte, 1), 1);
  }

  FileDescriptor read_end, write_end;

 private:
  void on_ready(std::uint32_t events) override { work_(events); }
  std::function<void(std::uint32_t)> work_;
};

TEST(Poller, TellsAgainWhileADescriptorStaysReady) {
  Poller poller;
  int told = 0;
  PipeWatcher watcher([&](std::uint32_t events) {
    EXPECT_EQ(events, std::uint32_t{EPOLLIN});
    ++told;
  });
  poller.add(watcher.read_end.get(), EPOLLIN, watcher);
  poller.wait(0ms);
  EXPECT_EQ(told, 0);
  watcher.fill();
  poller.wait(0ms);
  poller.wait(0ms);
  EXPECT_EQ(told, 2);
  poller.remove(watcher.read_end.get(), watcher);
  poller.wait(0ms);
  EXPECT_EQ(told, 2);
}

TEST(Poller, ChangesWhatIsWatched) {
  Poller poller;
  std::uint32_t seen = 0;
  PipeWatcher watcher([&](std::uint32_t events) { seen |= events; });
  poller.add(watcher.write_end.get(), 0, watcher);
  poller.wait(0ms);
  EXPECT_EQ(seen, 0U);
  poller.change(watcher.write_end.get(), EPOLLOUT, watcher);
  poller.wait(0ms);
  EXPECT_EQ(seen, std::uint32_t{EPOLLOUT});
}

TEST(Poller, DoesNotTellAWatcherThatWasRemovedInTheSameTurn) {
  Poller poller;
  int told = 0;
  PipeWatcher* other_of_first = nullptr;
  PipeWatcher* other_of_second = nullptr;
  PipeWatcher first([&](std::uint32_t) {
    ++told;
    poller.remove(other_of_first->read_end.get(), *other_of_first);
  });
  PipeWatcher second([&](std::uint32_t) {
    ++told;
    other_of_second->read_end.close();
    poller.forget(*other_of_second);
  });
  other_of_first = &second;
  other_of_second = &first;
  for (PipeWatcher* watcher : {&first, &second}) {
    poller.add(watcher->read_end.get(), EPOLLIN, *watcher);
    watcher->fill();
  }
  poller.wait(0ms);
  EXPECT_EQ(told, 1);
}

TEST(EventLoop, RunsWhatWasPostedBeforeItTellsWhatIsReady) {
  EventLoop loop;
  bool posted = false;
  bool posted_when_told_again = false;
  int told = 0;
  PipeWatcher watcher([&](std::uint32_t) {
    watcher.drain();
    if (++told == 1) {
      // As another thread would. For the poller the pipe stays before the alarm, which is rung before it.
      loop.post([&] { posted = true; });
      watcher.fill();
      return;
    }
    posted_when_told_again = posted;
    loop.poller().remove(watcher.read_end.get(), watcher);
    loop.stop();
  });
  loop.poller().add(watcher.read_end.get(), EPOLLIN, watcher);
  watcher.fill();
  loop.run();
  EXPECT_TRUE(posted_when_told_again);
}

TEST(EventLoop, RunsWhatWasPostedInOrderAndBeforeItStops) {
  EventLoop loop;
  std::string ran;
  loop.post([&] { ran += 'a'; });
  loop.post([&] { ran += 'b'; });
  loop.stop();
  loop.run();
  EXPECT_EQ(ran, "ab");
}

TEST(EventLoop, RunsAgainAfterAStop) {
  EventLoop loop;
  int ran = 0;
  for (int i = 0; i < 3; ++i) {
    loop.post([&] { ++ran; });
    loop.stop();
    loop.run();
  }
  EXPECT_EQ(ran, 3);
}

TEST(EventLoop, RunsNothingFromInsidePost) {
  EventLoop loop;
  std::string ran;
  loop.post([&] {
    loop.post([&] {
      ran += 'b';
      loop.stop();
    });
    ran += 'a';
  });
  loop.run();
  EXPECT_EQ(ran, "ab");
}

TEST(EventLoop, KeepsTheOrderOfEveryPostingThread) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kPosts = 2000;
  EventLoop loop;
  std::array<std::vector<std::size_t>, kThreads> seen;
  std::size_t total = 0;
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t i = 0; i < kPosts; ++i) {
        loop.post([&, thread, i] {
          seen[thread].push_back(i);
          if (++total == kThreads * kPosts) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (const auto& numbers : seen) {
    ASSERT_EQ(numbers.size(), kPosts);
    for (std::size_t i = 0; i < kPosts; ++i) ASSERT_EQ(numbers[i], i);
  }
}

TEST(EventLoop, IsStoppedByAnotherThread) {
  EventLoop loop;
  const std::jthread stopper([&] { loop.stop(); });
  loop.run();
}

TEST(EventLoop, DestroysWhatWasPostedAndNeverRun) {
  int alive = 0;
  {
    EventLoop loop;
    loop.post([guard = std::make_unique<Alive>(alive)] { ADD_FAILURE(); });
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

using EventLoopSleep = LoopTest;

TEST_F(EventLoopSleep, WakesSleepersInTheOrderOfTheirTimes) {
  std::string woken;
  const auto sleeper = [&](std::chrono::milliseconds time, char name) -> Task<int> {
    co_await loop_.sleep(time);
    woken += name;
    co_return 0;
  };
  auto late = start(sleeper(500ms, 'c'));
  auto early = start(sleeper(1ms, 'a'));
  auto middle = start(sleeper(250ms, 'b'));
  late->wait();
  EXPECT_EQ(woken, "abc");
}

TEST_F(EventLoopSleep, DoesNotSuspendForNoTime) {
  const auto sleeper = [&]() -> Task<int> {
    co_await loop_.sleep(0ms);
    co_return 0;
  };
  EXPECT_TRUE(start(sleeper())->done());
}

TEST_F(EventLoopSleep, NeverWakesASleeperThatWasDestroyed) {
  const auto sleeper = [&](std::chrono::milliseconds time, int& woken) -> Task<int> {
    co_await loop_.sleep(time);
    co_return ++woken;
  };
  int destroyed = 0;
  int kept = 0;
  auto first = start(sleeper(100ms, destroyed));
  auto second = start(sleeper(300ms, kept));
  first.reset();
  second->wait();
  EXPECT_EQ(destroyed, 0);
  EXPECT_EQ(kept, 1);
}

}  // namespace
}  // namespace cardea::net
