#include "acme/renewal_policy.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace cardea::acme {
namespace {

using namespace std::chrono_literals;
using base::Time;
using std::chrono::days;
using std::chrono::seconds;

constexpr Time kStart{1'790'000'000s};

RenewalFacts facts_of(seconds lifetime, days threshold = days{30}) {
  return {.not_before = kStart,
          .not_after = kStart + lifetime,
          .obtained_at = kStart,
          .threshold = threshold,
          .suggested = std::nullopt,
          .seed = 0};
}

TEST(RenewalTime, LeavesAThirdOrTheThresholdOrHalf) {
  struct Row {
    seconds lifetime;
    days threshold;
    seconds left;
  };
  const Row table[] = {
      {days{90}, days{30}, days{30}},
      {days{90}, days{7}, days{7}},
      {days{90}, days{365}, days{30}},
      {days{398}, days{30}, days{30}},
      {days{64}, days{30}, seconds{days{64}} / 3},
      {days{47}, days{30}, seconds{days{47}} / 3},
      {days{45}, days{30}, days{15}},
      {days{10}, days{30}, seconds{days{10}} / 3},
      {days{10} - 1s, days{30}, (seconds{days{10}} - 1s) / 2},
      {160h, days{30}, 80h},
      {160h, days{1}, 24h},
      {1h, days{30}, 30min},
      {60s, days{30}, 30s},
      {1s, days{30}, 0s},
  };
  for (const Row& row : table) {
    const RenewalFacts facts = facts_of(row.lifetime, row.threshold);
    EXPECT_EQ(renewal_window(facts.not_before, facts.not_after, facts.threshold), row.left);
    EXPECT_EQ(facts.not_after - renewal_time(facts), row.left) << row.lifetime.count() << " s";
  }
}

TEST(RenewalTime, SpreadsNamesOverATenthOfTheWindow) {
  for (const seconds lifetime :
       {seconds{days{90}}, seconds{days{45}}, seconds{160h}, seconds{1h}, seconds{60s}}) {
    RenewalFacts facts = facts_of(lifetime);
    const Time first = renewal_time(facts);
    const seconds tenth = (facts.not_after - first) / 10;
    Time latest = first;
    for (int name = 0; name < 500; ++name) {
      facts.seed = renewal_seed("proxy-" + std::to_string(name) + "-example", "sha256:00");
      const Time time = renewal_time(facts);
      EXPECT_GE(time, first);
      EXPECT_LE(time, first + tenth);
      EXPECT_EQ(time, renewal_time(facts)) << "stable";
      latest = std::max(latest, time);
    }
    EXPECT_GE(latest - first, tenth * 9 / 10) << "the whole tenth is used";
  }
}

TEST(RenewalSeed, IsTheSameOnEveryNodeAndNewForEveryCertificate) {
  // Fixed: nodes of different builds must agree.
  EXPECT_EQ(renewal_seed("", ""), 0xb9034ad37056f5fbU);
  EXPECT_EQ(renewal_seed("www-example-com", "sha256:ab"), 0xd3409fc8d0391001U);
  EXPECT_NE(renewal_seed("a", "b"), renewal_seed("a", "c"));
  EXPECT_NE(renewal_seed("ab", "c"), renewal_seed("a", "bc"));
}

TEST(RenewalTime, FollowsTheCaButNotToTheEnd) {
  RenewalFacts facts = facts_of(days{90});
  const Time end = facts.not_after;
  facts.seed = 12345;
  struct Row {
    Time suggested;
    Time expected;
  };
  const Row table[] = {
      {kStart + days{61}, kStart + days{61}},
      {kStart + days{10}, kStart + days{10}},
      {end - days{9}, end - days{9}},
      {end - days{9} + 1s, end - days{9}},
      {end - 1s, end - days{9}},
      {end + days{365}, end - days{9}},
      {Time::max(), end - days{9}},
      {kStart, kStart + 6h},  // wholly past: renew now, but not in a loop
      {kStart - days{900}, kStart + 6h},
      {Time::min(), kStart + 6h},
  };
  for (const Row& row : table) {
    facts.suggested = row.suggested;
    EXPECT_EQ(renewal_time(facts), row.expected) << row.suggested.time_since_epoch().count();
  }
}

TEST(RenewalTime, IsNeverSoonAfterTheCertificateCame) {
  struct Row {
    const char* what;
    seconds lifetime;
    seconds obtained_after;  // after not_before, by our clock
    seconds expected_after;
  };
  const Row table[] = {
      {"our clock is 85 days fast", days{90}, days{85}, days{85} + 6h},
      {"it came with 6 hours left", days{90}, days{90} - 6h, days{90}},
      {"it came with 6 hours less a second left", days{90}, days{90} - 6h + 1s, days{90}},
      {"it came with ten seconds left", days{90}, days{90} - 10s, days{90} + 50s},
      {"it came at its end", days{90}, days{90}, days{90} + 1min},
      {"it came after its end", days{90}, days{91}, days{91} + 1min},
      {"160 hours, back-dated by an hour", 160h, 1h, 80h},
      {"an hour, back-dated by 50 minutes", 1h, 50min, 56min},
      {"an hour, back-dated by 58 minutes", 1h, 58min, 60min},
      {"a minute that came with 3 seconds left", 60s, 57s, 57s + 6s},
  };
  for (const Row& row : table) {
    RenewalFacts facts = facts_of(row.lifetime);
    facts.obtained_at = kStart + row.obtained_after;
    EXPECT_EQ(renewal_time(facts), kStart + row.expected_after) << row.what;
  }
}

TEST(RenewalTime, SurvivesMalformedDates) {
  RenewalFacts facts = facts_of(-days{5});
  EXPECT_GT(renewal_time(facts), facts.obtained_at);
  facts = facts_of(0s);
  EXPECT_GT(renewal_time(facts), facts.obtained_at);
  facts = facts_of(days{90}, days{-3});
  EXPECT_EQ(renewal_time(facts), facts.not_after);
}

// A CA that issues at once, and a client that does what renewal_time() says, for years.
struct World {
  seconds lifetime{};
  seconds backdated{};
  days threshold{30};
  seconds clock_error{};  // of ours
  // The CA's suggestion for a certificate that begins then.
  std::function<std::optional<Time>(Time not_before)> suggest = [](Time) { return std::nullopt; };
};

struct Renewals {
  std::size_t count = 0;
  seconds shortest_gap = seconds::max();
  bool expired = false;
};

Renewals simulate(const World& world, seconds duration, std::size_t count_max) {
  Renewals renewals;
  Time now = kStart;
  while (now < kStart + duration && renewals.count < count_max) {
    const Time ours = now + world.clock_error;
    const RenewalFacts facts{.not_before = now - world.backdated,
                             .not_after = now - world.backdated + world.lifetime,
                             .obtained_at = ours,
                             .threshold = world.threshold,
                             .suggested = world.suggest(now - world.backdated),
                             .seed = renewal_seed("name", std::to_string(renewals.count))};
    const Time next = std::max(renewal_time(facts), ours) - world.clock_error;
    renewals.shortest_gap = std::min(renewals.shortest_gap, next - now);
    renewals.expired = renewals.expired || next >= facts.not_after;
    ++renewals.count;
    now = next;
    if (renewals.shortest_gap <= 0s) break;
  }
  return renewals;
}

constexpr seconds kYears = days{10 * 365};
const seconds kLifetimes[] = {60s,      1h,       24h,      160h,      days{10}, days{45},
                              days{47}, days{64}, days{90}, days{200}, days{398}};

TEST(RenewalTime, MakesNoLoopAndNoExpiryOverYears) {
  for (const seconds lifetime : kLifetimes) {
    for (const seconds backdated : {seconds{0s}, lifetime / 100, std::min<seconds>(1h, lifetime / 2)}) {
      for (const days threshold : {days{1}, days{30}, days{365}}) {
        const Renewals renewals =
            simulate({.lifetime = lifetime, .backdated = backdated, .threshold = threshold}, kYears, 5000);
        SCOPED_TRACE(testing::Message() << lifetime.count() << " s, back-dated by " << backdated.count()
                                        << " s, threshold " << threshold.count());
        EXPECT_FALSE(renewals.expired);
        // A renewal comes after half of the lifetime at the earliest, less what was gone when it came.
        EXPECT_GE(renewals.shortest_gap,
                  std::max(lifetime / 2 - backdated, std::min<seconds>(lifetime / 10, 6h)));
      }
    }
  }
}

TEST(RenewalTime, MakesNoLoopWhateverTheCaSuggests) {
  for (const seconds lifetime : kLifetimes) {
    const Time first_window = kStart + lifetime * 6 / 10;
    const std::pair<const char*, std::function<std::optional<Time>(Time)>> suggestions[] = {
        {"now", [](Time not_before) { return not_before; }},
        {"long ago", [](Time) { return Time{0s}; }},
        {"the window of the first certificate, for ever", [=](Time) { return first_window; }},
        {"the middle", [=](Time not_before) { return not_before + lifetime / 2; }},
        {"after the end", [=](Time not_before) { return not_before + lifetime * 3; }},
        {"at the end", [=](Time not_before) { return not_before + lifetime; }},
    };
    for (const auto& [what, suggest] : suggestions) {
      for (const seconds backdated : {seconds{0s}, std::min<seconds>(1h, lifetime / 2)}) {
        const Renewals renewals =
            simulate({.lifetime = lifetime, .backdated = backdated, .suggest = suggest}, kYears, 5000);
        EXPECT_FALSE(renewals.expired) << what << ", " << lifetime.count() << " s";
        EXPECT_GE(renewals.shortest_gap, std::min<seconds>(lifetime / 10, 6h))
            << what << ", " << lifetime.count() << " s";
      }
    }
  }
}

TEST(RenewalTime, MakesNoLoopWithAWrongClock) {
  for (const seconds error : {seconds{days{-400}}, seconds{days{-60}}, seconds{days{30}}, seconds{days{60}},
                              seconds{days{85}}, seconds{days{90} - 1h}}) {
    const Renewals renewals = simulate({.lifetime = days{90}, .clock_error = error}, kYears, 5000);
    EXPECT_GE(renewals.shortest_gap, 1h) << error.count();
    // A clock that is slow by more than the window cannot know that the certificate has expired.
    if (error > days{-30}) EXPECT_FALSE(renewals.expired) << error.count();
  }
}

}  // namespace
}  // namespace cardea::acme
