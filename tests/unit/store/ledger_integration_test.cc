// Sliding windows against a real redis-server. Time is what the test says it is.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "store/key_names.h"
#include "store/ledger_repository.h"
#include "store/store_fixture.h"

namespace cardea::store {
namespace {

using namespace std::chrono_literals;
using base::Time;
using Command = std::vector<std::string>;
using Windows = std::vector<LedgerWindow>;

constexpr Time kNow{1'790'000'000s};

LedgerWindow window(std::string subject, std::uint64_t count, std::chrono::seconds length) {
  return {"acme.example", "orders", std::move(subject), count, length};
}

class Ledger : public test::StoreFixture {
 protected:
  // When the first full window has room; nullopt if all have.
  net::Task<std::optional<Time>> free_at(Windows windows, Time now) {
    auto full = co_await ledger.reserve(Windows{}, std::move(windows), "asked", now);
    EXPECT_TRUE(full) << full.error().context;
    if (!full || !*full) co_return std::nullopt;
    co_return (*full)->free_at;
  }
  // "yes", or which window is full until how many seconds after kNow.
  net::Task<std::string> reserved(Windows counted, Windows others, std::string event, Time now) {
    auto full = co_await ledger.reserve(std::move(counted), std::move(others), std::move(event), now);
    EXPECT_TRUE(full) << full.error().context;
    if (!full || !*full) co_return "yes";
    co_return fmt::format("not in window {} before {}", (*full)->index, ((*full)->free_at - kNow).count());
  }
  net::Task<void> add(Windows windows, std::string event, Time now) {
    auto added = co_await ledger.add(std::move(windows), std::move(event), now);
    EXPECT_TRUE(added) << added.error().context;
  }

  ScriptRunner scripts{client};
  LedgerRepository ledger{scripts};
};

TEST_F(Ledger, CountsWhatLiesWithinTheWindow) {
  run_connected([&]() -> net::Task<void> {
    const Windows three{window("a", 3, 100s)};
    EXPECT_EQ(co_await free_at(three, kNow), std::nullopt);
    co_await add(three, "e1", kNow);
    co_await add(three, "e2", kNow + 10s);
    EXPECT_EQ(co_await free_at(three, kNow + 20s), std::nullopt);
    co_await add(three, "e3", kNow + 20s);
    EXPECT_EQ(co_await free_at(three, kNow + 20s), kNow + 100s);
    EXPECT_EQ(co_await free_at(three, kNow + 99s), kNow + 100s);
    EXPECT_EQ(co_await free_at(three, kNow + 100s), std::nullopt) << "the first has just gone";
    co_await add(three, "e4", kNow + 100s);
    EXPECT_EQ(co_await free_at(three, kNow + 105s), kNow + 110s);
    EXPECT_EQ(co_await free_at(three, kNow + 1000s), std::nullopt);
    // Another subject has its own.
    EXPECT_EQ(co_await free_at(Windows{window("b", 1, 100s)}, kNow + 105s), std::nullopt);
  });
}

TEST_F(Ledger, FindsTheWindowThatIsFullForTheLongestTime) {
  run_connected([&]() -> net::Task<void> {
    const Windows all{window("free", 5, 1000s), window("short", 1, 60s), window("long", 1, 600s),
                      window("medium", 1, 300s)};
    co_await add(all, "e1", kNow);
    auto full = co_await ledger.reserve(Windows{}, all, "asked", kNow + 1s);
    EXPECT_TRUE(full && *full && (*full)->index == 2 && (*full)->free_at == kNow + 600s);
    const Windows without{all[0], all[1], all[3]};
    full = co_await ledger.reserve(Windows{}, without, "asked", kNow + 1s);
    EXPECT_TRUE(full && *full && (*full)->index == 2 && (*full)->free_at == kNow + 300s);
    full = co_await ledger.reserve(Windows{}, without, "asked", kNow + 300s);
    EXPECT_TRUE(full && !*full);
    // None at all needs no Redis.
    EXPECT_EQ(co_await free_at(Windows{}, kNow), std::nullopt);
    co_await add(Windows{}, "e", kNow);
  });
}

TEST_F(Ledger, CountsAnEventOnceHoweverOftenItIsTold) {
  run_connected([&]() -> net::Task<void> {
    const Windows two{window("a", 2, 100s), window("b", 2, 100s)};
    for (int i = 0; i < 5; ++i) co_await add(two, "e1", kNow + 10s * i);
    EXPECT_EQ(co_await free_at(two, kNow + 50s), std::nullopt);
    co_await add(two, "e2", kNow + 60s);
    EXPECT_EQ(co_await free_at(two, kNow + 60s), kNow + 140s) << "the last time counts";
  });
}

TEST_F(Ledger, ReservesWhatHasRoomEverywhereOrNothing) {
  run_connected([&]() -> net::Task<void> {
    const Windows counted{window("a", 2, 100s), window("b", 1, 50s)};
    const Windows other{window("failures", 1, 200s)};
    EXPECT_EQ(co_await reserved(counted, other, "e1", kNow), "yes");
    EXPECT_EQ(co_await reserved(counted, other, "e1", kNow + 1s), "yes") << "it is its own";
    EXPECT_EQ(co_await reserved(counted, other, "e2", kNow + 2s), "not in window 1 before 51");
    EXPECT_EQ(co_await reserved(Windows{counted[0]}, other, "e2", kNow + 2s), "yes") << "nothing was added";
    EXPECT_EQ(co_await reserved(Windows{counted[0]}, other, "e3", kNow + 2s), "not in window 0 before 101");
    co_await add(other, "bad", kNow + 3s);
    EXPECT_EQ(co_await reserved(counted, other, "e1", kNow + 4s), "not in window 2 before 203");
    EXPECT_EQ(co_await text(Command{"ZCARD", key_names::ledger("acme.example", "orders", "failures")}), "1")
        << "that one only has to have room";
  });
}

TEST_F(Ledger, TakesBackWhatDidNotHappen) {
  run_connected([&]() -> net::Task<void> {
    const Windows both{window("a", 1, 100s), window("b", 1, 100s)};
    EXPECT_EQ(co_await reserved(both, Windows{}, "e1", kNow), "yes");
    EXPECT_TRUE(co_await ledger.remove(both, "e2")) << "there is none";
    EXPECT_EQ(co_await reserved(both, Windows{}, "e2", kNow), "not in window 0 before 100");
    EXPECT_TRUE(co_await ledger.remove(both, "e1"));
    EXPECT_EQ(co_await reserved(both, Windows{}, "e2", kNow), "yes");
    EXPECT_TRUE(co_await ledger.remove(Windows{}, "e2"));
  });
}

TEST_F(Ledger, KeepsNoMoreThanItNeedsAndNotForEver) {
  run_connected([&]() -> net::Task<void> {
    const Windows three{window("a", 3, 100s)};
    const std::string key = key_names::ledger("acme.example", "orders", "a");
    EXPECT_EQ(key, "ledger:acme.example:orders:a");
    for (int i = 0; i < 20; ++i) co_await add(three, "e" + std::to_string(i), kNow + 1s * i);
    EXPECT_EQ(co_await text(Command{"ZCARD", key}), "3");
    EXPECT_EQ(co_await free_at(three, kNow + 20s), kNow + 117s) << "full until the third from the end goes";
    const int lifetime = std::stoi(co_await text(Command{"TTL", key}));
    EXPECT_GT(lifetime, 0);
    EXPECT_LE(lifetime, 100);
  });
}

TEST_F(Ledger, IsNotBlockedForEverByAClockThatWasFast) {
  run_connected([&]() -> net::Task<void> {
    const Windows two{window("a", 2, 100s)};
    co_await add(two, "e1", kNow + 24h);
    co_await add(two, "e2", kNow + 25h);
    EXPECT_EQ(co_await free_at(two, kNow), std::nullopt);
    co_await add(two, "e3", kNow);
    co_await add(two, "e4", kNow + 1s);
    EXPECT_EQ(co_await free_at(two, kNow + 2s), kNow + 100s) << "they take nobody's place";
    // Ahead by less than the window, they count, but not for longer than the window.
    const Windows other{window("b", 1, 100s)};
    co_await add(other, "e5", kNow + 60s);
    EXPECT_EQ(co_await free_at(other, kNow), kNow + 100s);
  });
}

TEST_F(Ledger, FailsWithoutRedis) {
  run([&]() -> net::Task<void> {
    const Windows one{window("a", 1, 100s)};
    EXPECT_FALSE(co_await ledger.reserve(one, Windows{}, "e", kNow));
    EXPECT_FALSE(co_await ledger.add(one, "e", kNow));
  });
}

}  // namespace
}  // namespace cardea::store
