#include "base/clock.h"

#include <gtest/gtest.h>

namespace cardea::base {
namespace {

constexpr Time at(std::int64_t seconds) {
  return Time{std::chrono::seconds{seconds}};
}

TEST(Clock, WritesRfc3339InUtc) {
  EXPECT_EQ(to_rfc3339(at(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(at(1710460800)), "2024-03-15T00:00:00Z");
}

TEST(Clock, ReadsRfc3339WithOffsetsAndFractions) {
  EXPECT_EQ(parse_rfc3339("2024-03-15T00:00:00Z"), at(1710460800));
  EXPECT_EQ(parse_rfc3339("2024-03-15t00:00:00z"), at(1710460800));
  EXPECT_EQ(parse_rfc3339("2024-03-15T00:00:00.123456Z"), at(1710460800));
  EXPECT_EQ(parse_rfc3339("2024-03-15T02:00:00+02:00"), at(1710460800));
  EXPECT_EQ(parse_rfc3339("2024-03-14T18:30:00-05:30"), at(1710460800));
  EXPECT_EQ(parse_rfc3339("2024-02-29T00:00:00Z"), at(1709164800));
  EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z"), at(1483228800));
}

TEST(Clock, RefusesWhatIsNoRfc3339DateTime) {
  for (const char* bad :
       {"", "2024-03-15", "2024-03-15T00:00:00", "2024-03-15 00:00:00Z", "2024-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-03-15T24:00:00Z",
        "2024-03-15T00:60:00Z", "2024-03-15T00:00:61Z", "2024-03-15T00:00:00.Z", "2024-03-15T00:00:00+0200",
        "2024-03-15T00:00:00+02:0", "2024-03-15T00:00:00Zx", "+024-03-15T00:00:00Z",
        "2024/03/15T00:00:00Z"}) {
    EXPECT_EQ(parse_rfc3339(bad), std::nullopt) << bad;
  }
}

TEST(Clock, WritesTheDateOfHttp) {
  EXPECT_EQ(to_http_date(at(1710460800)), "Fri, 15 Mar 2024 00:00:00 GMT");
  EXPECT_EQ(to_http_date(at(784111777)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Clock, ReadsTheThreeFormsOfHttpDates) {
  for (const char* text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_EQ(parse_http_date(text), at(784111777)) << text;
  }
}

TEST(Clock, RefusesWhatIsNoHttpDate) {
  for (const char* bad : {"", "120", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT x",
                          "Sun, 31 Feb 1994 08:49:37 GMT", "2024-03-15T00:00:00Z"}) {
    EXPECT_EQ(parse_http_date(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(parse_http_date(std::string_view("Sun, 06 Nov 1994 08:49:37 GMT\0x", 31)), std::nullopt);
}

TEST(Clock, ReadsBackWhatItWrites) {
  for (std::int64_t seconds = 0; seconds < 4'000'000'000; seconds += 86'399'999) {
    EXPECT_EQ(parse_rfc3339(to_rfc3339(at(seconds))), at(seconds));
    EXPECT_EQ(parse_http_date(to_http_date(at(seconds))), at(seconds));
  }
}

}  // namespace
}  // namespace cardea::base
