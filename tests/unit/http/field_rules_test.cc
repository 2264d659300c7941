#include "http/field_rules.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace cardea::http {
namespace {

TEST(FieldRules, KnowTokens) {
  for (const char* good : {"a", "Content-Type", "!#$%&'*+-.^_`|~09AZaz"}) EXPECT_TRUE(is_token(good)) << good;
  for (const char* bad :
       {"", " ", "a b", "a:", "a,b", "(a)", "a\x7f", "\xc3\xa9", "a\t", "\"a\"", "a/b", "{}"}) {
    EXPECT_FALSE(is_token(bad)) << bad;
  }
  EXPECT_FALSE(is_token(std::string_view("a\0", 2)));
}

TEST(FieldRules, KnowNamesThatMeanTheSameEverywhere) {
  for (const char* good : {"a", "X-Forwarded-For", "-", "A1-z9"}) EXPECT_TRUE(is_plain_name(good)) << good;
  for (const char byte : std::string_view("!#$%&'*+.^_`|~")) {
    for (const std::string& name :
         {std::string(1, byte), std::string("X-A") + byte, byte + std::string("b")}) {
      EXPECT_TRUE(is_token(name)) << name;
      EXPECT_FALSE(is_plain_name(name)) << name;
    }
  }
}

TEST(FieldRules, KnowWhichNamesMakeOneVariable) {
  for (const char* same : {"X-Api-Key", "x_api_key", "X.Api_Key", "X~API!KEY"})
    EXPECT_TRUE(is_same_variable(same, "x-api-Key")) << same;
  for (const char* other : {"", "X-Api-Ke", "X-Api-Keys", "XAApi-Key", "X-Api-Kez"})
    EXPECT_FALSE(is_same_variable(other, "X-Api-Key")) << other;
}

TEST(FieldRules, KnowFieldValues) {
  for (const char* good : {"", "a b", "a\tb", "\xc3\xa9", "\xff"}) EXPECT_TRUE(is_field_value(good)) << good;
  for (const char* bad : {"\r", "a\nb", "\x01", "\x7f", "\x1b[0m"}) EXPECT_FALSE(is_field_value(bad)) << bad;
  EXPECT_FALSE(is_field_value(std::string_view("\0", 1)));
}

TEST(FieldRules, KnowAuthorities) {
  for (const char* good : {"a", "a.b-c_d~e:1", "192.0.2.1:65535", "[::1]", "[2001:db8::a:B]:443",
                           "[::ffff:192.0.2.1]", "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]"}) {
    EXPECT_TRUE(is_authority(good)) << good;
  }
  for (const char* bad : {"",
                          ":1",
                          "a:",
                          "a:0",
                          "a:65536",
                          "[",
                          "[]",
                          "[cafe.de]",
                          "[.]",
                          "[:]",
                          "[:::]",
                          "[1]",
                          "[192.0.2.1]",
                          "[::1]1",
                          "[::1]:",
                          "[::1%eth0]",
                          "[1::2::3]",
                          "[::12345]",
                          "[1:2:3:4:5:6:7:8:9]",
                          "[::1.2.3]"}) {
    EXPECT_FALSE(is_authority(bad)) << bad;
  }
  EXPECT_FALSE(is_authority(std::string_view("[::1\0]", 6)));
}

TEST(FieldRules, KnowHopByHopFields) {
  for (const char* name : {"Connection", "KEEP-ALIVE", "proxy-connection", "Proxy-Authenticate",
                           "Proxy-Authorization", "te", "Transfer-Encoding", "upgrade", "HTTP2-Settings"}) {
    EXPECT_TRUE(is_hop_by_hop(name)) << name;
  }
  for (const char* name : {"", "Host", "Content-Length", "Accept", "Trailer", "X-Upgrade", "xx"}) {
    EXPECT_FALSE(is_hop_by_hop(name)) << name;
  }
}

TEST(FieldRules, KnowWhatMustNotBeATrailer) {
  for (const char* name : {"Host",
                           "content-length",
                           "Transfer-Encoding",
                           "Authorization",
                           "Set-Cookie",
                           "Content-Encoding",
                           "Trailer",
                           "Connection",
                           "via",
                           "Age",
                           "Cache-Control",
                           "Date",
                           "Expires",
                           "If-Match",
                           "If-Modified-Since",
                           "if-none-match",
                           "If-Range",
                           "If-Unmodified-Since",
                           "Location",
                           "Max-Forwards",
                           "Pragma",
                           "Range",
                           "Retry-After",
                           "Vary",
                           "Warning",
                           "Proxy-Authorization",
                           "Cookie"}) {
    EXPECT_TRUE(is_forbidden_trailer(name)) << name;
  }
  for (const char* name : {"Grpc-Status", "Digest", "Server-Timing", "ETag", "Authentication-Info", "a"}) {
    EXPECT_FALSE(is_forbidden_trailer(name)) << name;
  }
}

TEST(FieldRules, FindWhatConnectionNominates) {
  FieldList fields;
  ASSERT_TRUE(fields.add({"connection", "keep-alive, ,X-One"}));
  ASSERT_TRUE(fields.add({"Connection", "x-two"}));
  ASSERT_TRUE(fields.add({"X-Three", "x-four"}));
  EXPECT_TRUE(connection_nominates(fields, "x-one"));
  EXPECT_TRUE(connection_nominates(fields, "X-TWO"));
  EXPECT_FALSE(connection_nominates(fields, "x-four"));
  EXPECT_FALSE(connection_nominates(fields, "x-on"));
}

TEST(FieldRules, WalkListsWithEmptyParts) {
  std::vector<std::string> seen;
  for_each_list_element(" a ,,\tb", [&](std::string_view element) { seen.emplace_back(element); });
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "", "b"}));
  int calls = 0;
  for_each_list_element("a,b,c", [&](std::string_view element) {
    ++calls;
    return element != "b";
  });
  EXPECT_EQ(calls, 2);
}

TEST(FieldRules, RefuseAFieldBeyondTheCapacity) {
  FieldList fields;
  for (std::size_t i = 0; i < base::kFieldsMax; ++i) ASSERT_TRUE(fields.add({"a", "b"}));
  EXPECT_FALSE(fields.add({"a", "b"}));
  EXPECT_EQ(fields.size(), base::kFieldsMax);
}

}  // namespace
}  // namespace cardea::http
