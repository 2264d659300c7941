#include "net/patience.h"

#include <vector>

#include <gtest/gtest.h>

namespace cardea::net {
namespace {

using namespace std::chrono_literals;

struct Wait {
  Clock::duration waited;
  std::uint64_t bytes;
};

struct Case {
  const char* name;
  std::vector<Wait> waits;
  Clock::duration left;  // zero or less: over
};

class PatienceAtHundredBytesASecond : public testing::TestWithParam<Case> {};

TEST_P(PatienceAtHundredBytesASecond, IsSpentByWaitingAndEarnedByBytes) {
  Patience patience(60s, RateMin{100});
  for (const auto& [waited, bytes] : GetParam().waits) patience.note(waited, bytes);
  EXPECT_EQ(patience.is_over(), GetParam().left <= 0s);
  EXPECT_EQ(patience.left(), std::max(GetParam().left, Clock::duration(1ms)));
}

INSTANTIATE_TEST_SUITE_P(
    All, PatienceAtHundredBytesASecond,
    testing::Values(
        Case{"nothing_happened", {}, 60s}, Case{"silence", {{59s, 0}}, 1s},
        Case{"silence_to_the_end", {{60s, 0}}, 0s}, Case{"silence_in_parts", {{30s, 0}, {29s, 0}}, 1s},
        Case{"a_byte_is_worth_little", {{30s, 1}, {29s, 1}}, 1s + 20ms},
        Case{"bytes_at_the_last_moment_are_not_enough", {{59s, 0}, {2s, 10}}, -900ms},
        Case{"the_rate_goes_on_for_ever", {{10s, 1000}, {10s, 1000}, {50s, 5000}, {50s, 5000}}, 60s},
        Case{"half_of_the_rate", {{20s, 1000}, {20s, 1000}, {20s, 1000}}, 30s},
        Case{"no_more_than_all_comes_back", {{10s, 1'000'000}, {50s, 0}}, 10s},
        Case{"a_long_wait_with_much", {{100s, 6000}}, 60s},
        Case{"terabytes", {{1s, 5'000'000'000'000}}, 60s}),
    [](const auto& info) { return info.param.name; });

TEST(Patience, IsRestoredByAnyByteWithoutARate) {
  Patience patience(60s, RateMin::none);
  patience.note(59s, 0);
  EXPECT_EQ(patience.left(), 1s);
  patience.note(10s, 1);
  EXPECT_EQ(patience.left(), 60s);
  patience.note(60s, 0);
  EXPECT_TRUE(patience.is_over());
}

TEST(Patience, AsksForAWaitOfAMillisecondAtLeast) {
  Patience patience(1s, RateMin{1});
  patience.note(999'999us, 0);
  EXPECT_FALSE(patience.is_over());
  EXPECT_EQ(patience.left(), 1ms);
}

}  // namespace
}  // namespace cardea::net
