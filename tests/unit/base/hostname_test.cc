#include "base/hostname.h"

#include <gtest/gtest.h>

namespace cardea::base {
namespace {

TEST(Hostname, IsLoweredAndLosesOneTrailingDot) {
  EXPECT_EQ(parse_hostname("App.Example.COM.").value(), "app.example.com");
  EXPECT_EQ(parse_hostname("localhost").value(), "localhost");
  EXPECT_EQ(parse_hostname("a_b.xn--bcher-kva.example").value(), "a_b.xn--bcher-kva.example");
}

TEST(Hostname, RefusesMalformedNames) {
  for (const char* bad : {"", ".", "a..b", ".a", "a..", "-a", "a-", "a.-b", "a b", "a/b", "a:80", "*.a",
                          "\xc3\xa9", "a,b", "a%00"}) {
    const auto parsed = parse_hostname(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid);
  }
  EXPECT_FALSE(parse_hostname(std::string_view("a\0b", 3)));
}

TEST(Hostname, BoundsLabelsAndNames) {
  const std::string label(63, 'a');
  EXPECT_TRUE(parse_hostname(label));
  EXPECT_FALSE(parse_hostname(label + "a"));
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  ASSERT_EQ(longest.size(), 253U);
  EXPECT_TRUE(parse_hostname(longest));
  EXPECT_TRUE(parse_hostname(longest + "."));
  EXPECT_FALSE(parse_hostname(longest + "a"));
}

TEST(Authority, ReadsNameAndPort) {
  const auto plain = parse_authority("A.Example");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "a.example");
  EXPECT_EQ(plain->port, 0);
  const auto ported = parse_authority("a.example.:8443");
  ASSERT_TRUE(ported);
  EXPECT_EQ(ported->host, "a.example");
  EXPECT_EQ(ported->port, 8443);
  const auto v6 = parse_authority("[2001:DB8::1]:443");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "2001:db8::1");
  EXPECT_EQ(v6->port, 443);
}

TEST(Authority, RefusesWhatIsNeitherForm) {
  for (const char* bad : {"", ":80", "a:", "a:0", "a:65536", "a:+1", "a:1:2", "a:b", "u@a", "[::1", "[::1]x",
                          "[::1]:", "[]", "[a]", "[1.2.3.4]", "::1"}) {
    EXPECT_FALSE(parse_authority(bad)) << bad;
  }
  EXPECT_FALSE(parse_authority(std::string_view("[::1\0x]", 7)));
}

TEST(Authority, KnowsIpLiterals) {
  for (const char* ip : {"127.0.0.1", "::1", "2001:db8::1", "::ffff:1.2.3.4"})
    EXPECT_TRUE(is_ip_literal(ip)) << ip;
  for (const char* name : {"", "a.example", "127.0.0.1.example", "127.1", "[::1]", "1.2.3.4:80"}) {
    EXPECT_FALSE(is_ip_literal(name)) << name;
  }
  EXPECT_FALSE(is_ip_literal(std::string_view("::1\0x", 5)));
}

}  // namespace
}  // namespace cardea::base
