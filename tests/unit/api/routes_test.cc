#include "api/routes.h"

#include <set>
#include <utility>

#include <gtest/gtest.h>

namespace cardea::api {
namespace {

using Match = std::optional<std::vector<std::string>>;

TEST(Routes, MatchAWholePath) {
  EXPECT_EQ(match_path("/health", "/health"), Match(std::in_place));
  for (const std::string_view path : {"", "/", "/healt", "/health/", "/healthy", "/x/health", "health"}) {
    EXPECT_EQ(match_path("/health", path), std::nullopt) << path;
  }
}

TEST(Routes, GiveTheSegmentThatIsLeftOpen) {
  EXPECT_EQ(match_path("/certificates/{}", "/certificates/my-cert"), Match({"my-cert"}));
  EXPECT_EQ(match_path("/certificates/{}/status", "/certificates/my-cert/status"), Match({"my-cert"}));
  EXPECT_EQ(match_path("/certificates/{}/domains/{}", "/certificates/c/domains/a.example"),
            Match({"c", "a.example"}));
  EXPECT_EQ(match_path("/certificates/{}/domains/{}", "/certificates/c/domains/"), std::nullopt);
  for (const std::string_view path : {"/certificates", "/certificates/", "/certificates/a/b",
                                      "/certificate/a", "/certificates/a/", "/certificates//"}) {
    EXPECT_EQ(match_path("/certificates/{}", path), std::nullopt) << path;
  }
  for (const std::string_view path : {"/certificates/status", "/certificates//status",
                                      "/certificates/a/b/status", "/certificates/a/status/"}) {
    EXPECT_EQ(match_path("/certificates/{}/status", path), std::nullopt) << path;
  }
}

TEST(Routes, DecodeTheSegment) {
  EXPECT_EQ(match_path("/{}", "/a%20b%2Fc%2fd"), Match({"a b/c/d"}));
  EXPECT_EQ(match_path("/{}", "/%41"), Match({"A"}));
  EXPECT_EQ(match_path("/{}", "/a+b"), Match({"a+b"}));
  for (const std::string_view path : {"/%", "/%4", "/a%", "/a%4", "/%zz", "/%4z", "/% 1"}) {
    EXPECT_EQ(match_path("/{}", path), std::nullopt) << path;
  }
}

TEST(Routes, AreEachThereOnce) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const Route& route : routes()) {
    EXPECT_TRUE(seen.emplace(route.method, route.pattern).second) << route.pattern;
  }
}

TEST(Routes, ThatChangeAnythingWantAToken) {
  for (const Route& route : routes()) {
    if (route.method != "GET") EXPECT_EQ(route.access, Access::token) << route.pattern;
  }
}

}  // namespace
}  // namespace cardea::api
