#include "acme/issuer_choice.h"

#include <climits>
#include <vector>

#include <gtest/gtest.h>

namespace cardea::acme {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::seconds;

constexpr seconds kWindow = days{30};

std::vector<std::size_t> choices(std::size_t count, std::optional<seconds> remaining,
                                 unsigned attempts = 10) {
  std::vector<std::size_t> chosen;
  for (unsigned i = 0; i < attempts; ++i) chosen.push_back(choose_issuer(count, i, remaining, kWindow));
  return chosen;
}

TEST(ChooseIssuer, WaitsForTheFirstAsLongAsThereIsTime) {
  struct Row {
    const char* what;
    std::optional<seconds> remaining;
    std::vector<std::size_t> expected;  // after 0, 1, 2, … failures
  };
  const Row table[] = {
      {"nothing to serve", std::nullopt, {0, 0, 1, 2, 0, 1, 2, 0, 1, 2}},
      {"more than the whole window", days{60}, {0, 0, 0, 0, 0, 0, 1, 2, 0, 1}},
      {"the whole window", days{30}, {0, 0, 0, 0, 0, 0, 1, 2, 0, 1}},
      {"half of it", days{15}, {0, 0, 0, 0, 0, 0, 1, 2, 0, 1}},
      {"less than half", days{15} - 1s, {0, 0, 0, 1, 2, 0, 1, 2, 0, 1}},
      {"a quarter", seconds{days{30}} / 4, {0, 0, 0, 1, 2, 0, 1, 2, 0, 1}},
      {"less than a quarter", days{7}, {0, 1, 2, 0, 1, 2, 0, 1, 2, 0}},
      {"a second", 1s, {0, 1, 2, 0, 1, 2, 0, 1, 2, 0}},
      {"expired", -1s, {0, 1, 2, 0, 1, 2, 0, 1, 2, 0}},
  };
  for (const Row& row : table) EXPECT_EQ(choices(3, row.remaining), row.expected) << row.what;
}

TEST(ChooseIssuer, TakesTwoInTurn) {
  EXPECT_EQ(choices(2, std::nullopt), (std::vector<std::size_t>{0, 0, 1, 0, 1, 0, 1, 0, 1, 0}));
}

TEST(ChooseIssuer, HasNoChoiceOfOne) {
  EXPECT_EQ(choices(1, std::nullopt), std::vector<std::size_t>(10, 0));
  EXPECT_EQ(choices(1, -days{1}), std::vector<std::size_t>(10, 0));
}

TEST(ChooseIssuer, TakesAnyNumbers) {
  EXPECT_LT(choose_issuer(3, UINT_MAX, std::nullopt, kWindow), 3U);
  EXPECT_LT(choose_issuer(3, UINT_MAX, seconds::min(), seconds::max()), 3U);
  EXPECT_EQ(choose_issuer(3, 5, 0s, 0s), 0U) << "no window: nothing is urgent";
}

}  // namespace
}  // namespace cardea::acme
