#include "net/address_policy.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace cardea::net {
namespace {

namespace ip = boost::asio::ip;

AddressPolicyOptions everything() {
  return {.private_networks = true,
          .loopback = true,
          .unix_sockets = true,
          .listen_addresses = {ip::make_address("0.0.0.0"), ip::make_address("::")},
          .listen_ports = {80, 443},
          .store = {"127.0.0.1", 6379, {}}};
}

std::string refusal_of(const AddressPolicyOptions& options, const Endpoint& endpoint) {
  return AddressPolicy(options).refusal(endpoint).value_or("");
}

SocketAddress at(const char* address, std::uint16_t port) {
  return SocketAddress::from_ip(ip::make_address(address), port);
}

TEST(AddressPolicy, AllowsWhatTheOperatorAllows) {
  for (const char* host : {"10.0.0.1", "192.168.1.1", "fd12::1", "100.64.0.1", "127.0.0.1", "::1", "8.8.8.8",
                           "backend.example", "localhost"}) {
    EXPECT_EQ(refusal_of(everything(), {host, 3000, {}}), "") << host;
  }
  EXPECT_EQ(refusal_of(everything(), {"", 0, "/run/app.sock"}), "");
}

TEST(AddressPolicy, RefusesWhatTheOperatorDoesNotAllow) {
  AddressPolicyOptions options = everything();
  options.private_networks = false;
  for (const char* host : {"10.0.0.1", "172.16.0.1", "192.168.1.1", "fd12::1", "100.64.0.1",
                           "::ffff:10.0.0.1", "167772161", "012.0.0.1"}) {
    EXPECT_NE(refusal_of(options, {host, 3000, {}}).find("(private)"), std::string::npos) << host;
  }
  EXPECT_EQ(refusal_of(options, {"127.0.0.1", 3000, {}}), "");
  options = everything();
  options.loopback = false;
  for (const char* host :
       {"127.0.0.1", "127.9.9.9", "::1", "0177.0.0.1", "0x7f.1", "2130706433", "::ffff:127.0.0.1"}) {
    EXPECT_NE(refusal_of(options, {host, 3000, {}}).find("(loopback)"), std::string::npos) << host;
  }
  EXPECT_EQ(refusal_of(options, {"10.0.0.1", 3000, {}}), "");
  EXPECT_EQ(refusal_of(options, {"8.8.8.8", 3000, {}}), "");
  options = everything();
  options.unix_sockets = false;
  EXPECT_NE(refusal_of(options, {"", 0, "/run/app.sock"}).find("(unix)"), std::string::npos);
}

TEST(AddressPolicy, RefusesSomeAddressesWhateverIsAllowed) {
  for (const char* host : {"169.254.169.254", "169.254.0.1", "fe80::1", "fd00:ec2::254", "0.0.0.0",
                           "::", "224.0.0.1", "ff02::1", "255.255.255.255", "::ffff:169.254.169.254",
                           "64:ff9b::169.254.169.254", "2852039166", "0xa9fea9fe", "0"}) {
    EXPECT_NE(refusal_of(everything(), {host, 3000, {}}), "") << host;
  }
}

TEST(AddressPolicy, RefusesCardeasOwnListeners) {
  for (const std::uint16_t port : {std::uint16_t{80}, std::uint16_t{443}}) {
    EXPECT_NE(refusal_of(everything(), {"127.0.0.1", port, {}}).find("Cardea itself"), std::string::npos);
    EXPECT_NE(refusal_of(everything(), {"127.0.0.2", port, {}}).find("Cardea itself"), std::string::npos);
    EXPECT_NE(refusal_of(everything(), {"::1", port, {}}).find("Cardea itself"), std::string::npos);
    EXPECT_EQ(refusal_of(everything(), {"10.255.255.254", port, {}}), "") << "another machine";
  }
  AddressPolicyOptions options = everything();
  options.listen_addresses = {ip::make_address("127.0.0.1")};
  EXPECT_NE(refusal_of(options, {"127.0.0.1", 443, {}}), "");
  EXPECT_EQ(refusal_of(options, {"127.0.0.2", 443, {}}), "") << "somebody else may listen there";
  EXPECT_EQ(refusal_of(options, {"::1", 443, {}}), "");
}

TEST(AddressPolicy, RefusesRedis) {
  EXPECT_NE(refusal_of(everything(), {"127.0.0.1", 6379, {}}).find("Redis"), std::string::npos);
  EXPECT_NE(refusal_of(everything(), {"::1", 6379, {}}).find("Redis"), std::string::npos)
      << "the same machine";
  EXPECT_EQ(refusal_of(everything(), {"127.0.0.1", 6380, {}}), "");
  EXPECT_EQ(refusal_of(everything(), {"10.0.0.9", 6379, {}}), "") << "another machine";
  AddressPolicyOptions options = everything();
  options.store = {"10.0.0.9", 6379, {}};
  EXPECT_NE(refusal_of(options, {"10.0.0.9", 6379, {}}), "");
  EXPECT_NE(refusal_of(options, {"167772169", 6379, {}}), "");
  EXPECT_EQ(refusal_of(options, {"127.0.0.1", 6379, {}}), "");
  options.store = {"localhost", 6379, {}};
  EXPECT_NE(refusal_of(options, {"127.0.0.1", 6379, {}}), "");
}

TEST(AddressPolicy, RefusesWhatRedissNameResolvesTo) {
  AddressPolicyOptions options = everything();
  options.store = {"redis.internal", 6379, {}};
  const AddressPolicy policy(options);
  EXPECT_TRUE(policy.may_be_store(6379));
  EXPECT_FALSE(policy.may_be_store(6380));
  const std::vector<SocketAddress> store = {at("10.0.0.9", 6379), at("fd12::9", 6379)};
  EXPECT_TRUE(policy.refusal(at("10.0.0.9", 6379), store));
  EXPECT_TRUE(policy.refusal(at("fd12::9", 6379), store));
  EXPECT_FALSE(policy.refusal(at("10.0.0.8", 6379), store));
  EXPECT_FALSE(policy.refusal(at("10.0.0.9", 80), store));
}

TEST(AddressPolicy, KnowsTheSocketOfRedisUnderOtherNames) {
  std::string folder = (std::filesystem::temp_directory_path() / "cardea-policy-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/redis.sock";
  std::ofstream(path) << "any file will do";
  std::filesystem::create_symlink(path, folder + "/link.sock");
  AddressPolicyOptions options = everything();
  options.store = {"", 0, path};
  EXPECT_NE(refusal_of(options, {"", 0, path}), "");
  EXPECT_NE(refusal_of(options, {"", 0, folder + "/./redis.sock"}), "");
  EXPECT_NE(refusal_of(options, {"", 0, folder + "/link.sock"}), "");
  EXPECT_EQ(refusal_of(options, {"", 0, folder + "/app.sock"}), "");
  EXPECT_FALSE(AddressPolicy(options).may_be_store(0)) << "it has no port";
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace cardea::net
