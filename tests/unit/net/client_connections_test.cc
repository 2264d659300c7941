#include "net/client_connections.h"

#include <vector>

#include <gtest/gtest.h>

namespace cardea::net {
namespace {

boost::asio::ip::address address(const char* text) {
  return boost::asio::ip::make_address(text);
}

TEST(ClientConnections, AreBoundedForEachClient) {
  ClientConnections connections(2);
  auto first = connections.take(address("192.0.2.1"));
  auto second = connections.take(address("192.0.2.1"));
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(connections.take(address("192.0.2.1")));
  EXPECT_TRUE(connections.take(address("192.0.2.2")));
  first.reset();
  EXPECT_TRUE(connections.take(address("192.0.2.1")));
}

TEST(ClientConnections, CountANetworkOfIPv6AsOneClient) {
  ClientConnections connections(1);
  const auto held = connections.take(address("2001:db8:1:2::1"));
  EXPECT_FALSE(connections.take(address("2001:db8:1:2:ffff::9")));
  EXPECT_TRUE(connections.take(address("2001:db8:1:3::1")));
  EXPECT_TRUE(connections.take(address("0.0.0.1"))) << "no network of the other family";
}

TEST(ClientConnections, ForgetWhoHasNone) {
  ClientConnections connections(3);
  {
    std::vector<ClientConnections::Slot> held;
    for (const char* text : {"192.0.2.1", "192.0.2.1", "2001:db8::1"}) {
      auto slot = connections.take(address(text));
      ASSERT_TRUE(slot);
      held.push_back(std::move(*slot));
    }
    EXPECT_EQ(connections.clients(), 2U);
  }
  EXPECT_EQ(connections.clients(), 0U);
}

}  // namespace
}  // namespace cardea::net
