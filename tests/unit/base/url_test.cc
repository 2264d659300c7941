#include "base/url.h"

#include <gtest/gtest.h>

namespace cardea::base {
namespace {

TEST(Url, IsTakenApart) {
  const auto url = parse_url("HTTPS://user:pw@App.Example:8443/a/b?c=d");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->userinfo, "user:pw");
  EXPECT_EQ(url->host, "app.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/a/b?c=d");
  EXPECT_EQ(url->authority(), "app.example:8443");
}

TEST(Url, HasTheUsualPortOfItsScheme) {
  EXPECT_EQ(parse_url("http://a").value().port, 80);
  EXPECT_EQ(parse_url("https://a").value().port, 443);
  EXPECT_EQ(parse_url("redis://a").value().port, 6379);
  EXPECT_EQ(parse_url("other://a").value().port, 0);
}

TEST(Url, WritesItsAuthorityAsAHostFieldHasIt) {
  EXPECT_EQ(parse_url("http://a:80").value().authority(), "a");
  EXPECT_EQ(parse_url("http://a:443").value().authority(), "a:443");
  EXPECT_EQ(parse_url("http://[::1]:8080/x").value().authority(), "[::1]:8080");
  EXPECT_EQ(parse_url("https://[::1]").value().authority(), "[::1]");
}

TEST(Url, MayLackItsPath) {
  EXPECT_EQ(parse_url("http://a").value().path, "");
  EXPECT_EQ(parse_url("http://a?b=c").value().path, "/?b=c");
}

TEST(Url, KnowsUnixSockets) {
  const auto url = parse_url("unix:///run/app.sock");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "");
  EXPECT_EQ(url->path, "/run/app.sock");
  EXPECT_FALSE(parse_url("unix://"));
  EXPECT_FALSE(parse_url("unix://host/run/app.sock"));
}

TEST(Url, RefusesWhatIsMalformed) {
  for (const char* bad :
       {"", "a.example", "//a", "://a", "http:/a", "http://", "http:///x", "http://a b", "http://a\n",
        "http://a/#x", "http://a:0", "http://a:99999", "http://[::1", "http://a:b/"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

}  // namespace
}  // namespace cardea::base
