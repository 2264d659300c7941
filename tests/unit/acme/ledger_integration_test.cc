// What counts towards which limit, against a real redis-server.
#include <gtest/gtest.h>

#include "acme/ledger.h"
#include "store/script_runner.h"
#include "store/store_fixture.h"

namespace cardea::acme {
namespace {

using namespace std::chrono_literals;
using base::Time;
using Names = std::vector<std::string>;

constexpr Time kNow{1'790'000'000s};  // 2026-09-21T13:33:20Z

LedgerOrder order_of(Names domains, OrderKind kind = OrderKind::first, std::string email = "a@b.example") {
  return {"https://acme.example/directory", std::move(email), std::move(domains), kind};
}

class LedgerTest : public test::StoreFixture {
 protected:
  // The limit that refuses, by its name; "" if none does.
  net::Task<std::string> refused(LedgerOrder order, Time now = kNow) {
    auto refusal = co_await ledger.reserve(order, "asked", now);
    EXPECT_TRUE(refusal) << refusal.error().context;
    if (refusal && !*refusal) EXPECT_TRUE(co_await ledger.give_back(order, "asked", false));
    if (!refusal || !*refusal) co_return "";
    co_return std::string(to_string((*refusal)->limit));
  }
  net::Task<void> reserve(LedgerOrder order, std::string event) {
    const auto refusal = co_await ledger.reserve(std::move(order), std::move(event), kNow);
    EXPECT_TRUE(refusal && !*refusal);
  }
  net::Task<void> issue(LedgerOrder order, std::string event) {
    co_await reserve(order, event);
    EXPECT_TRUE(co_await ledger.record_issued(order, event, kNow));
  }

  store::ScriptRunner scripts{client};
  store::LedgerRepository repository{scripts};
  Ledger ledger{
      repository,
      parse_rate_limits("acme.example orders=6/10800 domain=3/604800 duplicate=2/604800 failures=2/3600; "
                        "other.example duplicate=1/60")
          .value()};
};

TEST_F(LedgerTest, HoldsBackTheSameNamesInAnyOrder) {
  run_connected([&]() -> net::Task<void> {
    const LedgerOrder order = order_of({"a.example", "b.example"}, OrderKind::renewal);
    const LedgerOrder shuffled = order_of({"b.example", "a.example", "b.example"}, OrderKind::renewal);
    co_await issue(order, "o1");
    EXPECT_EQ(co_await refused(order), "");
    co_await issue(shuffled, "o2");
    EXPECT_EQ(co_await refused(order), "duplicate");
    EXPECT_EQ(co_await refused(shuffled), "duplicate");
    EXPECT_EQ(co_await refused(order_of({"a.example"}, OrderKind::renewal)), "");
    EXPECT_EQ(co_await refused(order_of({"a.example", "b.example"}, OrderKind::replacement)), "");
    EXPECT_EQ(co_await refused(order, kNow + 7 * 24h), "");
    const auto refusal = co_await ledger.reserve(order, "asked", kNow);
    EXPECT_TRUE(refusal && *refusal);
    if (!refusal || !*refusal) co_return;
    EXPECT_EQ((*refusal)->until, kNow + 7 * 24h);
    EXPECT_EQ((*refusal)->sentence,
              "Cardea itself holds this order back: by ACME_RATE_LIMITS, acme.example allows 2 certificates "
              "for the same "
              "names in 7 days; "
              "next possible at 2026-09-28T14:13:20Z");
  });
}

TEST_F(LedgerTest, CountsNewNamesOfARegisteredDomainOnce) {
  run_connected([&]() -> net::Task<void> {
    const LedgerOrder several = order_of({"a.example.co.uk", "b.example.co.uk", "c.other.example"});
    co_await issue(several, "o1");
    co_await issue(order_of({"d.example.co.uk"}), "o2");
    EXPECT_EQ(co_await refused(order_of({"e.example.co.uk"})), "");
    co_await issue(order_of({"e.example.co.uk"}), "o3");
    EXPECT_EQ(co_await refused(order_of({"f.example.co.uk"})), "domain");
    EXPECT_EQ(co_await refused(order_of({"f.example.co.uk"}, OrderKind::first, "other@b.example")), "domain")
        << "whatever the account";
    EXPECT_EQ(co_await refused(order_of({"f.third.example", "f.example.co.uk"})), "domain");
    EXPECT_EQ(co_await refused(order_of({"f.another.co.uk"})), "");
    EXPECT_EQ(co_await refused(order_of({"f.example.co.uk"}, OrderKind::renewal)), "");
    // A renewal does not count either.
    co_await issue(order_of({"c.other.example"}, OrderKind::renewal), "o4");
    co_await issue(order_of({"d.other.example"}, OrderKind::replacement), "o5");
    co_await issue(order_of({"e.other.example"}), "o6");
    EXPECT_EQ(co_await refused(order_of({"g.other.example"}, OrderKind::first, "other@b.example")), "");
  });
}

TEST_F(LedgerTest, CountsFirstOrdersByAccountAndRenewalsNot) {
  run_connected([&]() -> net::Task<void> {
    for (int i = 0; i < 6; ++i) {
      const std::string number = std::to_string(i);
      const OrderKind again = i % 2 == 0 ? OrderKind::replacement : OrderKind::renewal;
      co_await reserve(order_of({"r" + number + ".example"}, again), "r" + number);
      EXPECT_EQ(co_await refused(order_of({"x.example"})), "");
      co_await reserve(order_of({"s" + number + ".example"}), "s" + number);
    }
    EXPECT_EQ(co_await refused(order_of({"x.example"})), "orders");
    EXPECT_EQ(co_await refused(order_of({"x.example"}, OrderKind::renewal)), "");
    EXPECT_EQ(co_await refused(order_of({"x.example"}, OrderKind::replacement)), "");
    EXPECT_EQ(co_await refused(order_of({"x.example"}, OrderKind::first, "other@b.example")), "");
    EXPECT_EQ(co_await refused(order_of({"x.example"}), kNow + 3h), "");
  });
}

TEST_F(LedgerTest, CountsFailuresByNameAndAccountWhateverTheOrder) {
  run_connected([&]() -> net::Task<void> {
    const LedgerOrder order = order_of({"a.example", "b.example"});
    EXPECT_TRUE(co_await ledger.record_failure(order, "b.example", "o1", kNow));
    EXPECT_TRUE(co_await ledger.record_failure(order, "b.example", "o1", kNow + 5s))
        << "told twice, it counts from the second time";
    EXPECT_EQ(co_await refused(order), "");
    EXPECT_TRUE(co_await ledger.record_failure(order, "b.example", "o2", kNow + 10s));
    for (const OrderKind kind : {OrderKind::first, OrderKind::renewal, OrderKind::replacement}) {
      EXPECT_EQ(co_await refused(order_of({"a.example", "b.example"}, kind), kNow + 20s), "failures");
      EXPECT_EQ(co_await refused(order_of({"a.example"}, kind), kNow + 20s), "");
    }
    EXPECT_EQ(co_await refused(order_of({"b.example"}, OrderKind::first, "other@b.example"), kNow + 20s), "");
    const auto refusal = co_await ledger.reserve(order, "asked", kNow + 20s);
    EXPECT_TRUE(refusal && *refusal && (*refusal)->until == kNow + 5s + 1h);
    if (refusal && *refusal) {
      EXPECT_NE((*refusal)->sentence.find("2 failed validations of b.example in 1 hour"), std::string::npos);
    }
  });
}

TEST_F(LedgerTest, CountsOrdersBeforeTheyAreMadeAndTakesBackWhatCameToNothing) {
  run_connected([&]() -> net::Task<void> {
    for (const char* name : {"a", "b", "c"})
      co_await reserve(order_of({name + std::string(".same.example")}), name);
    EXPECT_EQ(co_await refused(order_of({"d.same.example"})), "domain") << "none is issued, but three may be";
    EXPECT_TRUE(co_await ledger.give_back(order_of({"a.same.example"}), "a", true));
    co_await reserve(order_of({"d.same.example"}), "d");
    co_await reserve(order_of({"e.example"}), "e");
    co_await reserve(order_of({"f.example"}), "f");
    EXPECT_EQ(co_await refused(order_of({"g.example"})), "orders") << "the CA has made that of a";
    EXPECT_TRUE(co_await ledger.give_back(order_of({"b.same.example"}), "b", false));
    EXPECT_EQ(co_await refused(order_of({"g.example"})), "") << "but not that of b";
  });
}

TEST_F(LedgerTest, KeepsCasApartAndLeavesOthersAlone) {
  run_connected([&]() -> net::Task<void> {
    LedgerOrder order = order_of({"a.example"});
    for (const char* event : {"o0", "o1"}) co_await issue(order, event);
    EXPECT_EQ(co_await refused(order), "duplicate");
    order.directory_url = "https://other.example/acme";
    EXPECT_EQ(co_await refused(order), "");
    co_await issue(order, "o1");
    EXPECT_EQ(co_await refused(order), "duplicate");
    order.directory_url = "https://unlimited.example/acme";
    co_await issue(order, "o1");
    EXPECT_EQ(co_await refused(order), "");
    order.directory_url = "no url";
    EXPECT_FALSE(co_await ledger.reserve(order, "asked", kNow));
    EXPECT_FALSE(co_await ledger.give_back(order, "o", true));
  });
}

TEST_F(LedgerTest, NeedsRedisOnlyForCasWithLimits) {
  run([&]() -> net::Task<void> {
    LedgerOrder order = order_of({"a.example"});
    EXPECT_FALSE(co_await ledger.reserve(order, "asked", kNow));
    order.directory_url = "https://unlimited.example/acme";
    const auto refusal = co_await ledger.reserve(order, "asked", kNow);
    EXPECT_TRUE(refusal && !*refusal);
    EXPECT_TRUE(co_await ledger.record_issued(order, "o", kNow));
  });
}

}  // namespace
}  // namespace cardea::acme
