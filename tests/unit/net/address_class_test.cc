#include "net/address_class.h"

#include <array>

#include <gtest/gtest.h>

namespace cardea::net {

// Found by the printers of GoogleTest.
static void PrintTo(AddressClass address_class, std::ostream* out) {
  *out << describe(address_class);
}

namespace {

struct Case {
  const char* address;
  AddressClass expected;
};

constexpr auto kGlobal = AddressClass::global;
constexpr auto kPrivate = AddressClass::private_network;
constexpr auto kLinkLocal = AddressClass::link_local;
constexpr auto kMetadata = AddressClass::metadata;
constexpr auto kReserved = AddressClass::reserved;

// The ends of every range and their neighbours.
constexpr std::array kV4Cases = std::to_array<Case>({
    {"0.0.0.0", AddressClass::unspecified},
    {"0.1.2.3", AddressClass::unspecified},
    {"1.0.0.0", kGlobal},
    {"9.255.255.255", kGlobal},
    {"10.0.0.0", kPrivate},
    {"10.255.255.255", kPrivate},
    {"11.0.0.0", kGlobal},
    {"100.63.255.255", kGlobal},
    {"100.64.0.0", kPrivate},
    {"100.127.255.255", kPrivate},
    {"100.128.0.0", kGlobal},
    {"100.100.100.200", kMetadata},
    {"126.255.255.255", kGlobal},
    {"127.0.0.1", AddressClass::loopback},
    {"127.255.255.255", AddressClass::loopback},
    {"128.0.0.0", kGlobal},
    {"168.63.129.16", kMetadata},
    {"169.253.255.255", kGlobal},
    {"169.254.0.0", kLinkLocal},
    {"169.254.169.254", kMetadata},
    {"169.254.170.2", kLinkLocal},
    {"169.254.255.255", kLinkLocal},
    {"169.255.0.0", kGlobal},
    {"172.15.255.255", kGlobal},
    {"172.16.0.0", kPrivate},
    {"172.31.255.255", kPrivate},
    {"172.32.0.0", kGlobal},
    {"192.0.0.192", kMetadata},
    {"192.0.0.1", kReserved},
    {"192.0.1.0", kGlobal},
    {"192.167.255.255", kGlobal},
    {"192.168.0.0", kPrivate},
    {"192.168.255.255", kPrivate},
    {"192.169.0.0", kGlobal},
    {"198.18.0.1", kPrivate},
    {"198.20.0.0", kGlobal},
    {"223.255.255.255", kGlobal},
    {"224.0.0.1", AddressClass::multicast},
    {"239.255.255.255", AddressClass::multicast},
    {"240.0.0.0", kReserved},
    {"255.255.255.255", kReserved},
});

constexpr std::array kV6Cases = std::to_array<Case>({
    {"::", AddressClass::unspecified},
    {"::1", AddressClass::loopback},
    {"::2", AddressClass::unspecified},  // ::0.0.0.2, IPv4-compatible
    {"2606:4700::1", kGlobal},
    {"fbff::1", kGlobal},
    {"fc00::", kPrivate},
    {"fdff:ffff::1", kPrivate},
    {"fd00:ec2::254", kMetadata},
    {"fd00:ec3::254", kPrivate},
    {"fd00:42::42", kMetadata},
    {"fd00:42::43", kPrivate},
    {"fd00:c1::a9fe:a9fe", kMetadata},
    {"fd00:c1::a9fe:a9ff", kPrivate},
    {"fd00:a9fe:a9fe::1", kMetadata},
    {"fd00:a9fe:a9fe::2", kPrivate},
    {"fd20:ce::254", kMetadata},
    {"fd20:ce::253", kPrivate},
    {"fe00::1", kGlobal},
    {"fe7f::1", kGlobal},
    {"fe80::1", kLinkLocal},
    {"febf::1", kLinkLocal},
    {"fec0::1", kPrivate},
    {"ff02::1", AddressClass::multicast},
    {"100::1", kReserved},
    {"2001:db8::1", kReserved},
});

TEST(AddressClass, KnowsEveryRangeOfIpv4) {
  for (const auto& [address, expected] : kV4Cases) {
    EXPECT_EQ(classify(boost::asio::ip::make_address(address)), expected) << address;
  }
}

TEST(AddressClass, KnowsEveryRangeOfIpv6) {
  for (const auto& [address, expected] : kV6Cases) {
    EXPECT_EQ(classify(boost::asio::ip::make_address(address)), expected) << address;
  }
}

TEST(AddressClass, LooksIntoIpv6ForIpv4) {
  // The same IPv4 addresses in each form that a translator, or the kernel itself, takes apart.
  constexpr std::array kInner = std::to_array<Case>({
      {"127.0.0.1", AddressClass::loopback},
      {"169.254.169.254", AddressClass::metadata},
      {"169.254.1.1", AddressClass::link_local},
      {"10.1.2.3", AddressClass::private_network},
      {"100.64.0.1", AddressClass::private_network},
      {"0.0.0.0", AddressClass::unspecified},
      {"224.0.0.1", AddressClass::multicast},
      {"255.255.255.255", AddressClass::reserved},
  });
  for (const auto& [inner, expected] : kInner) {
    for (const std::string prefix : {"::ffff:", "::ffff:0:", "64:ff9b::", "64:ff9b:1::"}) {
      EXPECT_EQ(classify(boost::asio::ip::make_address(prefix + inner)), expected) << prefix << inner;
    }
  }
  EXPECT_EQ(classify(boost::asio::ip::make_address("2002:7f00:1::")), AddressClass::loopback);
  EXPECT_EQ(classify(boost::asio::ip::make_address("2002:a9fe:a9fe::1")), AddressClass::metadata);
  EXPECT_EQ(classify(boost::asio::ip::make_address("::127.0.0.1")), AddressClass::loopback);
  EXPECT_EQ(classify(boost::asio::ip::make_address("::ffff:8.8.8.8")), AddressClass::global);
  EXPECT_EQ(classify(boost::asio::ip::make_address("64:ff9b::8.8.8.8")), AddressClass::global);
  EXPECT_EQ(classify(boost::asio::ip::make_address("64:ff9b:1::8.8.8.8")), AddressClass::private_network);
  EXPECT_EQ(classify(boost::asio::ip::make_address("::8.8.8.8")), AddressClass::reserved);
}

TEST(AddressClass, ReadsAddressesAsTheResolverDoes) {
  for (const char* spelled : {"127.0.0.1", "0177.0.0.1", "0x7f.0.0.1", "127.1", "0x7f.1", "2130706433",
                              "0x7f000001", "017700000001", "0X7F.0x0.0.01"}) {
    const auto address = parse_spelled_address(spelled);
    ASSERT_TRUE(address) << spelled;
    EXPECT_EQ(address->to_string(), "127.0.0.1") << spelled;
  }
  EXPECT_EQ(parse_spelled_address("2852039166").value().to_string(), "169.254.169.254");
  EXPECT_EQ(parse_spelled_address("0xa9fea9fe").value().to_string(), "169.254.169.254");
  EXPECT_EQ(parse_spelled_address("::ffff:127.0.0.1").value().to_string(), "::ffff:127.0.0.1");
  EXPECT_EQ(parse_spelled_address("fe80::1").value().to_string(), "fe80::1");
}

TEST(AddressClass, TakesNoNameForAnAddress) {
  for (const char* name : {"", "localhost", "backend", "256.0.0.1", "127.0.0.1.", "1.2.3.4.5", "0x", "face",
                           "127.0.0.1 x", "1.2.3.example", "08.1.1.1"}) {
    EXPECT_FALSE(parse_spelled_address(name)) << name;
  }
}

}  // namespace
}  // namespace cardea::net
