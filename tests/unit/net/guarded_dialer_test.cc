#include "net/guarded_dialer.h"

#include "net/loop_fixture.h"
#include "net/socket_fixture.h"

namespace cardea::net {
namespace {

using namespace std::chrono_literals;

class GuardedDialerTest : public LoopTest {
 protected:
  base::Result<Stream> dial(AddressPolicyOptions options, Endpoint endpoint) {
    GuardedDialer dialer(loop_, std::make_shared<const AddressPolicy>(std::move(options)));
    return run(dialer.dial(std::move(endpoint), 20s, base::ErrorSource::upstream));
  }
  static void expect_forbidden(const base::Result<Stream>& dialled, std::string_view why) {
    ASSERT_FALSE(dialled);
    EXPECT_EQ(dialled.error().code, base::ErrorCode::forbidden);
    EXPECT_EQ(dialled.error().source, base::ErrorSource::upstream);
    EXPECT_NE(dialled.error().context.find(why), std::string::npos) << dialled.error().context;
  }

  HeldPort port_;
};

TEST_F(GuardedDialerTest, ConnectsWhereItMay) {
  port_.listen();
  EXPECT_TRUE(dial({.loopback = true}, {"127.0.0.1", port_.port(), {}}));
  EXPECT_TRUE(dial({.loopback = true}, {"localhost", port_.port(), {}}));
  EXPECT_TRUE(dial({.loopback = true}, {"0x7f.1", port_.port(), {}}));
}

TEST_F(GuardedDialerTest, JudgesWhatANameResolvesTo) {
  port_.listen();
  expect_forbidden(dial({}, {"localhost", port_.port(), {}}), "(loopback)");
  expect_forbidden(dial({.loopback = true,
                         .listen_addresses = {boost::asio::ip::make_address("0.0.0.0"),
                                              boost::asio::ip::make_address("::")},
                         .listen_ports = {port_.port()}},
                        {"localhost", port_.port(), {}}),
                   "Cardea itself");
}

TEST_F(GuardedDialerTest, FindsOutWhereRedisIs) {
  port_.listen();
  const AddressPolicyOptions options{.loopback = true, .store = {"localhost", port_.port(), {}}};
  expect_forbidden(dial(options, {"localhost", port_.port(), {}}), "Redis");
  expect_forbidden(dial(options, {"127.0.0.1", port_.port(), {}}), "Redis");
}

TEST_F(GuardedDialerTest, ConnectsNowhereWhileRedisMayBeThere) {
  port_.listen();
  // A label of 64 letters: the resolver refuses it without asking anybody.
  const AddressPolicyOptions options{.loopback = true,
                                     .store = {std::string(64, 'a') + ".example", port_.port(), {}}};
  const auto dialled = dial(options, {"127.0.0.1", port_.port(), {}});
  ASSERT_FALSE(dialled);
  EXPECT_NE(dialled.error().context.find("Redis has the same port"), std::string::npos);
}

TEST_F(GuardedDialerTest, RefusesUnixSocketsUnlessTheyAreAllowed) {
  expect_forbidden(dial({}, {"", 0, "/run/nobody.sock"}), "(unix)");
  const auto dialled = dial({.unix_sockets = true}, {"", 0, "/no/such/folder/nobody.sock"});
  ASSERT_FALSE(dialled);
  EXPECT_EQ(dialled.error().code, base::ErrorCode::refused);
}

}  // namespace
}  // namespace cardea::net
