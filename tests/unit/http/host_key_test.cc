#include "http/host_key.h"

#include <string>

#include <gtest/gtest.h>

namespace cardea::http {
namespace {

std::string key(std::string_view authority) {
  return std::string(HostKey(authority).view());
}

TEST(HostKey, IsTheNameWithoutCasePortAndTrailingDot) {
  EXPECT_EQ(key("www.example.com"), "www.example.com");
  EXPECT_EQ(key("WWW.Example.COM"), "www.example.com");
  EXPECT_EQ(key("www.example.com:8443"), "www.example.com");
  EXPECT_EQ(key("www.example.com."), "www.example.com");
  EXPECT_EQ(key("www.example.com.:443"), "www.example.com");
  EXPECT_EQ(key("127.0.0.1:80"), "127.0.0.1");
}

TEST(HostKey, IsAnIpv6AddressWithoutBracketsAndPort) {
  EXPECT_EQ(key("[::1]"), "::1");
  EXPECT_EQ(key("[2001:DB8::1]:443"), "2001:db8::1");
}

TEST(HostKey, IsInNoTableIfTheAuthorityIsMalformed) {
  for (const std::string_view authority : {"", ".", ":443", "[::1", "[]", "["}) {
    EXPECT_EQ(key(authority), "") << authority;
  }
  EXPECT_EQ(key("a.example.."), "a.example.") << "only one dot is taken off";
}

TEST(HostKey, TakesTheLongestNameAndNoLongerOne) {
  const std::string longest(253, 'a');
  EXPECT_EQ(key(longest), longest);
  EXPECT_EQ(key(longest + ".:443"), longest);
  EXPECT_EQ(key(longest + "a"), "");
}

}  // namespace
}  // namespace cardea::http
