#include "net/listener.h"

#include <optional>

#include "base/limits.h"
#include "net/dial.h"
#include "net/loop_fixture.h"
#include "net/socket_fixture.h"

namespace cardea::net {
namespace {

using namespace std::chrono_literals;

class ListenerTest : public LoopTest {
 protected:
  base::Result<Stream> dial_port() {
    return run(dial(loop_, {"127.0.0.1", port_.port(), {}}, 20s, base::ErrorSource::upstream));
  }
  std::unique_ptr<Listener> open() {
    auto listener = Listener::open(loop_, "127.0.0.1", port_.port());
    EXPECT_TRUE(listener) << listener.error().to_string();
    return std::move(listener.value());
  }

  HeldPort port_;
};

TEST_F(ListenerTest, HandsOverConnectionsWithTheAddressOfThePeer) {
  const auto listener = open();
  std::optional<AcceptedStream> accepted;
  listener->start([&](AcceptedStream stream) { accepted.emplace(std::move(stream)); });
  auto client = dial_port();
  ASSERT_TRUE(client) << client.error().to_string();
  while (!accepted) turn();
  EXPECT_EQ(accepted->peer.to_string(), "127.0.0.1");

  ASSERT_TRUE(client->write("hello"));
  ASSERT_TRUE(client->send_now());
  const auto read = [&]() -> Task<base::Result<bool>> { co_return co_await accepted->stream.read(20s); };
  EXPECT_EQ(run(read()), true);
  EXPECT_EQ(accepted->stream.input().view(), "hello");
}

TEST_F(ListenerTest, AcceptsAllThatWaitOverSeveralTurns) {
  const auto listener = open();
  std::vector<AcceptedStream> accepted;
  std::vector<base::Result<Stream>> clients;
  for (std::size_t i = 0; i < base::kAcceptsPerTurnMax + 4; ++i) clients.push_back(dial_port());
  listener->start([&](AcceptedStream stream) { accepted.push_back(std::move(stream)); });
  turn();
  EXPECT_EQ(accepted.size(), base::kAcceptsPerTurnMax);
  turn();
  EXPECT_EQ(accepted.size(), clients.size());
}

TEST_F(ListenerTest, AcceptsNobodyAfterClose) {
  const auto listener = open();
  listener->start([](AcceptedStream) { ADD_FAILURE(); });
  listener->close();
  listener->close();
  auto client = dial_port();
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, base::ErrorCode::refused);
}

TEST_F(ListenerTest, MayBeClosedByTheOneWhoGetsTheConnection) {
  auto listener = open();
  auto first = dial_port();
  auto second = dial_port();
  int accepted = 0;
  listener->start([&](AcceptedStream) {
    ++accepted;
    listener->close();
  });
  turn();
  turn();
  EXPECT_EQ(accepted, 1);
}

TEST_F(ListenerTest, SharesItsPortWithTheOtherWorkers) {
  const auto one = open();
  EXPECT_TRUE(Listener::open(loop_, "127.0.0.1", port_.port()));
}

TEST_F(ListenerTest, SeesThatAPortIsTakenAlthoughItCouldBeShared) {
  EXPECT_TRUE(Listener::check_free("127.0.0.1", port_.port()));
  const auto listener = open();
  const auto taken = Listener::check_free("127.0.0.1", port_.port());
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, base::ErrorCode::conflict);
  EXPECT_NE(taken.error().context.find("127.0.0.1 port " + std::to_string(port_.port())), std::string::npos);
  listener->close();
  EXPECT_TRUE(Listener::check_free("127.0.0.1", port_.port()));
}

TEST_F(ListenerTest, RefusesWhatIsNoAddressOfThisMachine) {
  for (const std::string address : {"localhost", "", "256.0.0.1", "192.0.2.1"}) {
    const auto listener = Listener::open(loop_, address, port_.port());
    ASSERT_FALSE(listener) << address;
    EXPECT_EQ(listener.error().code, base::ErrorCode::invalid);
    EXPECT_NE(listener.error().context.find(address), std::string::npos);
  }
}

}  // namespace
}  // namespace cardea::net
