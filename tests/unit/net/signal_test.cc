#include "net/signal.h"

#include <optional>

#include "net/loop_fixture.h"

namespace cardea::net {
namespace {

using namespace std::chrono_literals;

class SignalTest : public LoopTest {
 protected:
  Task<bool> wait(std::chrono::milliseconds limit) { co_return co_await signal_->wait(limit); }

  std::optional<Signal> signal_{std::in_place, loop_};
};

TEST_F(SignalTest, WakesWhoWaits) {
  const auto waiting = start(wait(20s));
  EXPECT_FALSE(waiting->done());
  signal_->set();
  EXPECT_TRUE(waiting->done()) << "as a part of the call";
  EXPECT_TRUE(waiting->wait());
}

TEST_F(SignalTest, RemembersNothing) {
  signal_->set();
  EXPECT_FALSE(run(wait(1ms)));
}

TEST_F(SignalTest, SaysWhenTheTimeIsUp) {
  EXPECT_FALSE(run(wait(1ms)));
  const auto again = start(wait(20s));
  signal_->set();
  EXPECT_TRUE(again->wait()) << "the first time-out is of the past";
}

TEST_F(SignalTest, ForgetsAWaiterThatIsDestroyed) {
  start(wait(1ms)).reset();
  signal_->set();
  EXPECT_FALSE(run(wait(1ms)));
}

}  // namespace
}  // namespace cardea::net
