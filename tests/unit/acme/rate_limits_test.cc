#include "acme/rate_limits.h"

#include <gtest/gtest.h>

namespace cardea::acme {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

TEST(RateLimits, ReadsTheExample) {
  const auto limits = parse_rate_limits(
      "acme-v02.api.letsencrypt.org orders=300/10800 domain=50/604800 duplicate=5/604800 failures=5/3600");
  ASSERT_TRUE(limits) << limits.error().context;
  const std::string_view ca = "acme-v02.api.letsencrypt.org";
  struct Row {
    LimitKind kind;
    Limit limit;
    const char* words;
  };
  const Row table[] = {
      {LimitKind::orders, {300, 3h}, "300 orders of one account in 3 hours"},
      {LimitKind::domain, {50, 7 * 24h}, "50 certificates for names under a.example in 7 days"},
      {LimitKind::duplicate, {5, 7 * 24h}, "5 certificates for the same names in 7 days"},
      {LimitKind::failures, {5, 1h}, "5 failed validations of a.example in 1 hour"},
  };
  for (const Row& row : table) {
    const Limit* found = find_limit(*limits, ca, row.kind);
    ASSERT_NE(found, nullptr) << to_string(row.kind);
    EXPECT_EQ(*found, row.limit) << to_string(row.kind);
    EXPECT_EQ(describe(row.kind, row.limit, "a.example"), row.words);
  }
  EXPECT_EQ(find_limit(*limits, "letsencrypt.org", LimitKind::orders), nullptr);
}

TEST(RateLimits, TakesSeveralCasAndAnyOfTheLimits) {
  const auto limits =
      parse_rate_limits("; A.example:443  duplicate=1/1;\tb.example:14000 orders=10000/2592000 ; ;");
  ASSERT_TRUE(limits) << limits.error().context;
  EXPECT_EQ(limits->size(), 2U);
  EXPECT_EQ(*find_limit(*limits, "a.example", LimitKind::duplicate), (Limit{1, 1s}));
  EXPECT_EQ(find_limit(*limits, "a.example", LimitKind::orders), nullptr);
  EXPECT_EQ(*find_limit(*limits, "b.example:14000", LimitKind::orders), (Limit{10'000, 30 * 24h}));
  for (const char* text : {"", " ", ";", " ; "}) EXPECT_TRUE(parse_rate_limits(text).value().empty()) << text;
}

TEST(RateLimits, AreRefusedWithASentence) {
  const std::pair<const char*, const char*> table[] = {
      {"acme.example", "there is no limit"},
      {"acme.example ; b.example orders=1/1", "the entry for acme.example"},
      {"acme.example orders", "\"orders\" is not one of"},
      {"acme.example orders=5", "\"orders=5\" is not one of"},
      {"acme.example orders=/5", "is not one of"},
      {"acme.example orders=5/", "is not one of"},
      {"acme.example orders=0/5", "is not one of"},
      {"acme.example orders=5/0", "is not one of"},
      {"acme.example orders=-5/5", "is not one of"},
      {"acme.example orders=10001/5", "from 1/1 to 10000/2592000"},
      {"acme.example orders=5/2592001", "from 1/1 to 10000/2592000"},
      {"acme.example orders=99999999999999999999/1", "is not one of"},
      {"acme.example certificates=5/5",
       "\"certificates=5/5\" is not one of orders, domain, duplicate or failures"},
      {"acme.example orders=1/1 orders=2/2", "orders is there twice"},
      {"acme.example orders=1/1; ACME.example:443 orders=1/1", "two entries for acme.example"},
      {"orders=300/10800", "\"orders=300/10800\" is not the host"},
      {"https://acme.example/dir orders=1/1", "is not the host"},
      {"acme.example/dir orders=1/1", "is not the host"},
  };
  for (const auto& [text, says] : table) {
    const auto limits = parse_rate_limits(text);
    ASSERT_FALSE(limits) << text;
    EXPECT_EQ(limits.error().code, base::ErrorCode::invalid);
    EXPECT_NE(limits.error().context.find(says), std::string::npos) << text << ": " << limits.error().context;
  }
}

TEST(RateLimits, SaysTimesInTheirLargestUnit) {
  const std::pair<seconds, const char*> table[] = {
      {1s, "1 order of one account in 1 second"},  {90s, "1 order of one account in 90 seconds"},
      {60s, "1 order of one account in 1 minute"}, {90min, "1 order of one account in 90 minutes"},
      {24h, "1 order of one account in 1 day"},    {36h, "1 order of one account in 36 hours"},
  };
  for (const auto& [window, words] : table) EXPECT_EQ(describe(LimitKind::orders, {1, window}, ""), words);
}

}  // namespace
}  // namespace cardea::acme
