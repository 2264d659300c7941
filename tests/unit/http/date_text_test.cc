#include "http/date_text.h"

#include <string>

#include <gtest/gtest.h>

#include "base/clock.h"

namespace cardea::http {
namespace {

TEST(DateText, IsNow) {
  for (int i = 0; i < 2; ++i) {
    const base::Time before = base::now();
    const auto said = base::parse_http_date(date_text());
    ASSERT_TRUE(said);
    EXPECT_TRUE(before <= *said && *said <= base::now());
    EXPECT_EQ(date_text().size(), std::string_view("Fri, 15 Mar 2024 00:00:00 GMT").size());
  }
}

}  // namespace
}  // namespace cardea::http
