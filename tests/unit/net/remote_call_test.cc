#include "net/remote_call.h"

#include <atomic>
#include <string>
#include <thread>

#include "net/loop_fixture.h"

namespace cardea::net {
namespace {

using namespace std::chrono_literals;

class RemoteCall : public LoopTest {
 protected:
  RemoteCall() : thread_([this] { other_.run(); }) {}
  ~RemoteCall() override { stop_other(); }

  void stop_other() {
    if (!thread_.joinable()) return;
    other_.stop();
    thread_.join();
  }

  EventLoop other_;
  TaskGroup tasks_;
  std::thread thread_;
};

TEST_F(RemoteCall, RunsOnTheOtherLoopAndReturnsToItsOwn) {
  std::thread::id worked_on;
  std::thread::id came_back_on;
  const auto body = [&]() -> Task<std::string> {
    auto answer = co_await call_on<std::string>({other_, tasks_}, loop_, [&]() -> Task<std::string> {
      co_await other_.sleep(1ms);
      worked_on = std::this_thread::get_id();
      co_return "answer";
    });
    came_back_on = std::this_thread::get_id();
    co_return answer;
  };
  EXPECT_EQ(run(body()), "answer");
  EXPECT_EQ(worked_on, thread_.get_id());
  EXPECT_EQ(came_back_on, std::this_thread::get_id());
}

TEST_F(RemoteCall, KeepsManyCallsApart) {
  const auto call = [this](int number) -> Task<int> {
    co_return co_await call_on<int>({other_, tasks_}, loop_, [number]() -> Task<int> { co_return number; });
  };
  const auto body = [&]() -> Task<int> {
    int sum = 0;
    for (int i = 0; i < 200; ++i) sum += co_await call(i);
    co_return sum;
  };
  EXPECT_EQ(run(body()), 199 * 200 / 2);
}

TEST_F(RemoteCall, IsDoneAlthoughTheCallerIsGone) {
  std::atomic<bool> worked = false;
  const auto body = [&]() -> Task<int> {
    co_return co_await call_on<int>({other_, tasks_}, loop_, [&]() -> Task<int> {
      worked = true;
      co_return 7;
    });
  };
  auto calling = start(body());
  calling.reset();
  stop_other();  // what was posted before is still run
  EXPECT_TRUE(worked);
  turn();
}

TEST_F(RemoteCall, OffloadsBlockingWorkToAPool) {
  boost::asio::thread_pool pool(1);
  std::thread::id worked_on;
  const auto body = [&]() -> Task<std::string> {
    co_return co_await offload<std::string>(pool, loop_, [&] {
      worked_on = std::this_thread::get_id();
      return std::string("made");
    });
  };
  EXPECT_EQ(run(body()), "made");
  EXPECT_NE(worked_on, std::this_thread::get_id());
  auto abandoned = start(body());
  abandoned.reset();
  pool.join();
  turn();
}

}  // namespace
}  // namespace cardea::net
