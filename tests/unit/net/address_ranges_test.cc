#include "net/address_ranges.h"

#include <gtest/gtest.h>

namespace cardea::net {
namespace {

bool contains(std::string_view list, const char* address) {
  const auto ranges = AddressRanges::parse(list);
  EXPECT_TRUE(ranges) << list;
  return ranges && ranges->contains(boost::asio::ip::make_address(address));
}

TEST(AddressRanges, HoldAddressesAndNetworks) {
  const std::string_view list = "10.0.0.0/8, 192.0.2.7 ,172.16.0.0/12,2001:db8::/33, ::1";
  for (const char* in : {"10.0.0.0", "10.255.255.255", "192.0.2.7", "172.31.255.255", "2001:db8::1",
                         "2001:db8:7fff::", "::1", "::ffff:10.1.2.3", "::ffff:192.0.2.7"}) {
    EXPECT_TRUE(contains(list, in)) << in;
  }
  for (const char* out : {"11.0.0.0", "9.255.255.255", "192.0.2.8", "172.32.0.0", "2001:db8:8000::", "::2",
                          "::ffff:11.0.0.1", "::", "::10.0.0.1"}) {
    EXPECT_FALSE(contains(list, out)) << out;
  }
}

TEST(AddressRanges, MayHoldNothingOrEverything) {
  for (const char* list : {"", "  "}) {
    EXPECT_FALSE(contains(list, "10.0.0.1"));
    EXPECT_TRUE(AddressRanges::parse(list)->empty());
  }
  EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(contains("::/0", "2001:db8::1"));
  EXPECT_TRUE(contains("::/0", "203.0.113.9"));
  EXPECT_TRUE(contains("fe80::/10", "fe80::1"));
}

TEST(AddressRanges, AreRefusedWithASentence) {
  const std::pair<const char*, const char*> table[] = {
      {"localhost", "\"localhost\" is not an IP address or network"},
      {"10.0.0.0/8,,::1", "\"\" is not"},
      {"10.0.0.1/8", "\"10.0.0.1/8\" has bits set beyond its prefix"},
      {"2001:db8::1/64", "has bits set beyond"},
      {"10.0.0.0/33", "at most 32 bits"},
      {"2001:db8::/129", "at most 128 bits"},
      {"10.0.0.0/", "at most 32 bits"},
      {"10.0.0.0/-1", "at most 32 bits"},
      {"10.0.0.0/8/8", "at most 32 bits"},
      {"10.0.0", "is not an IP address"},
  };
  for (const auto& [list, says] : table) {
    const auto ranges = AddressRanges::parse(list);
    ASSERT_FALSE(ranges) << list;
    EXPECT_NE(ranges.error().context.find(says), std::string::npos) << ranges.error().context;
  }
}

}  // namespace
}  // namespace cardea::net
