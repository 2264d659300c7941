// Repositories, leases and the change stream against a real redis-server.
#include <algorithm>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "store/account_repository.h"
#include "store/certificate_repository.h"
#include "store/challenge_repository.h"
#include "store/change_stream.h"
#include "store/due_queue.h"
#include "store/lease_repository.h"
#include "store/order_repository.h"
#include "store/progress_repository.h"
#include "store/store_fixture.h"
#include "store/target_repository.h"
#include "store/token_repository.h"

namespace cardea::store {
namespace {

using namespace std::chrono_literals;
using base::ErrorCode;
using Command = std::vector<std::string>;

template <typename T>
std::optional<ErrorCode> code_of(const base::Result<T>& result) {
  if (result) return std::nullopt;
  return result.error().code;
}

template <typename T>
std::optional<T> value_of(const base::Result<T>& result) {
  if (!result) return std::nullopt;
  return *result;
}

CertificateRecord make_certificate(std::string name) {
  CertificateRecord record;
  record.cert_name = std::move(name);
  record.domains = {"a.example"};
  record.email = "a@b.example";
  record.other_members = R"({"x":{},"y":[]})";
  return record;
}

class Repositories : public test::StoreFixture {
 protected:
  ScriptRunner scripts{client};
  CertificateRepository certificates{client, scripts};
  TargetRepository targets{client, scripts};
  TokenRepository tokens{client, scripts};
  LeaseRepository leases{scripts};
};

TEST_F(Repositories, SaveIsACompareAndSetOnTheGeneration) {
  run_connected([&]() -> net::Task<void> {
    const auto first = co_await certificates.save(make_certificate("c"), 0);
    EXPECT_TRUE(first);
    auto stored = co_await certificates.load("c");
    EXPECT_TRUE(stored && *stored);
    if (!first || !stored || !*stored) co_return;
    CertificateRecord record = std::move(**stored);
    EXPECT_EQ(record.generation, *first);
    EXPECT_EQ(record.other_members, R"({"x":{},"y":[]})");

    record.status = CertificateStatus::active;
    const auto second = co_await certificates.save(record, record.generation);
    EXPECT_GT(second.value_or(0), *first);
    EXPECT_EQ(code_of(co_await certificates.save(record, record.generation)), ErrorCode::conflict);
    EXPECT_EQ(code_of(co_await certificates.save(make_certificate("c"), 0)), ErrorCode::conflict);
    EXPECT_EQ(code_of(co_await certificates.save(make_certificate("c"), Expected::absent())),
              ErrorCode::conflict);
    EXPECT_TRUE(co_await certificates.save(record, Expected::any()));
    EXPECT_EQ(code_of(co_await certificates.erase("c", *first)), ErrorCode::conflict);
    EXPECT_EQ(value_of(co_await certificates.erase("c")), true);
    EXPECT_EQ(value_of(co_await certificates.erase("c")), false);
    // Made again, it never shows a generation that somebody could hold for the old one.
    EXPECT_GT((co_await certificates.save(make_certificate("c"), Expected::absent())).value_or(0),
              *second + 1);
  });
}

TEST_F(Repositories, ObjectsOfOthersAreGenerationZeroAndFoundAfterARebuild) {
  run_connected([&]() -> net::Task<void> {
    co_await text(Command{"SET", "proxy:h.example", R"({"target_url":"http://b:1","extra":1})"});
    co_await text(Command{"SET", "proxy:bad.example", "no json"});
    EXPECT_TRUE(co_await rebuild_indexes(client));
    auto listed = co_await targets.list();
    EXPECT_TRUE(listed && listed->size() == 1);
    if (!listed || listed->size() != 1) co_return;
    TargetRecord record = std::move(listed->front());
    EXPECT_EQ(record.hostname, "h.example");
    EXPECT_EQ(record.generation, 0U);
    EXPECT_TRUE(co_await targets.save(record, record.generation));
    auto stored = co_await targets.load("h.example");
    EXPECT_TRUE(stored && *stored && (*stored)->other_members == R"({"extra":1})");
    EXPECT_EQ(code_of(co_await targets.load("bad.example")), ErrorCode::invalid);
    EXPECT_EQ(value_of(co_await targets.erase("bad.example")), true);
  });
}

TEST_F(Repositories, LeavesOutWhatIsTooLongAndReadsTheRest) {
  run_connected([&]() -> net::Task<void> {
    const auto json_of = [](std::size_t bytes) {
      const std::string begin = R"({"target_url":"http://b:1","x":")";
      return begin + std::string(bytes - begin.size() - 2, 'x') + "\"}";
    };
    // More than one reply takes, the longest that is read among them.
    std::vector<std::string> expected;
    for (int i = 10; i < 30; ++i) {
      expected.push_back("h" + std::to_string(i) + ".example");
      co_await text(Command{"SET", "proxy:" + expected.back(), json_of(base::kObjectBytesMax)});
    }
    co_await text(Command{"SET", "proxy:g.example", json_of(base::kObjectBytesMax + 1)});
    co_await text(Command{"SET", "proxy:h20a.example", json_of(base::kRedisReplyBytesMax + 1)});
    co_await text(Command{"LPUSH", "proxy:list.example", "no text"});
    EXPECT_TRUE(co_await rebuild_indexes(client));
    const auto listed = co_await targets.list_all();
    EXPECT_TRUE(listed);
    if (!listed) co_return;
    std::vector<std::string> names;
    for (const TargetRecord& record : listed->records) names.push_back(record.hostname);
    EXPECT_EQ(names, expected);
    EXPECT_EQ(listed->unreadable, (std::vector<std::string>{"g.example", "h20a.example"}));
    const auto refused = co_await targets.load("h20a.example");
    EXPECT_EQ(code_of(refused), ErrorCode::invalid);
    if (!refused) EXPECT_TRUE(refused.error().context.ends_with("delete \"proxy:h20a.example\" in Redis"));
    EXPECT_TRUE(client.connected()) << "nothing of it was sent";
  });
}

TEST_F(Repositories, ListsMoreObjectsThanOneChunkSorted) {
  run_connected([&]() -> net::Task<void> {
    const std::size_t count = base::kRedisScanChunk + base::kRedisListChunk + 7;
    std::size_t saved = 0;
    for (std::size_t i = 0; i < count; ++i) {
      TargetRecord record;
      record.hostname = "h" + std::to_string(i) + ".example";
      record.target_url = "http://b:1";
      if (co_await targets.save(record, Expected::absent())) ++saved;
    }
    EXPECT_EQ(saved, count);
    auto listed = co_await targets.list();
    EXPECT_TRUE(listed);
    if (!listed) co_return;
    EXPECT_EQ(listed->size(), count);
    EXPECT_TRUE(std::ranges::is_sorted(*listed, {}, &TargetRecord::hostname));
  });
}

TEST_F(Repositories, ScriptsSurviveARestartThatForgetsThem) {
  run_connected([&]() -> net::Task<void> {
    EXPECT_TRUE(co_await certificates.save(make_certificate("c"), 0));
    co_await text(Command{"SCRIPT", "FLUSH"});
    EXPECT_TRUE(co_await certificates.save(make_certificate("d"), 0));
  });
}

TEST_F(Repositories, ALeaseHasOneHolderAndEndsByItself) {
  run_connected([&]() -> net::Task<void> {
    auto first = co_await leases.acquire("cert:c", 300ms);
    EXPECT_TRUE(first && *first);
    auto second = co_await leases.acquire("cert:c", 300ms);
    EXPECT_TRUE(second && !*second);
    if (!first || !*first) co_return;
    const Lease old = **first;
    EXPECT_EQ(value_of(co_await leases.extend(old, 400ms)), true);
    co_await loop.sleep(700ms);
    auto third = co_await leases.acquire("cert:c", 10s);
    EXPECT_TRUE(third && *third);
    if (!third || !*third) co_return;
    EXPECT_GT((*third)->fence, old.fence);
    EXPECT_EQ(value_of(co_await leases.extend(old, 1s)), false);
    EXPECT_EQ(value_of(co_await leases.release(old)), false);
    // The commit of the one whose lease went to somebody else is refused.
    EXPECT_EQ(code_of(co_await certificates.save(make_certificate("c"), 0, old)), ErrorCode::conflict);
    EXPECT_TRUE(co_await certificates.save(make_certificate("c"), 0, **third));
    EXPECT_EQ(value_of(co_await leases.release(**third)), true);
    auto fourth = co_await leases.acquire("cert:c", 1s);
    EXPECT_TRUE(fourth && *fourth);
  });
}

TEST_F(Repositories, TokensHaveTwoKeys) {
  run_connected([&]() -> net::Task<void> {
    TokenRecord record;
    record.name = "prod";
    record.token = "secret";
    record.hash = hash_token("secret");
    EXPECT_TRUE(co_await tokens.create(record));
    EXPECT_EQ(code_of(co_await tokens.create(record)), ErrorCode::conflict);
    auto by_hash = co_await tokens.find_by_hash(record.hash);
    EXPECT_TRUE(by_hash && *by_hash && **by_hash == record);
    auto by_name = co_await tokens.find_by_name("prod");
    EXPECT_TRUE(by_name && *by_name && **by_name == record);
    auto listed = co_await tokens.list();
    EXPECT_TRUE(listed && listed->size() == 1);
    EXPECT_EQ(value_of(co_await tokens.erase("prod")), true);
    EXPECT_EQ(value_of(co_await tokens.erase("prod")), false);
    by_hash = co_await tokens.find_by_hash(record.hash);
    EXPECT_TRUE(by_hash && !*by_hash);
    listed = co_await tokens.list();
    EXPECT_TRUE(listed && listed->empty());
  });
}

TEST_F(Repositories, ChallengesAccountsAndProgress) {
  run_connected([&]() -> net::Task<void> {
    ChallengeRepository challenges(client, scripts);
    EXPECT_TRUE(co_await challenges.put("tok", "tok.thumb"));
    auto answer = co_await challenges.find("tok");
    EXPECT_TRUE(answer && *answer == "tok.thumb");
    EXPECT_EQ(co_await text(Command{"TTL", "challenge:tok"}), "3600");
    EXPECT_TRUE(co_await challenges.erase("tok", 60s));
    EXPECT_EQ(co_await text(Command{"TTL", "challenge:tok"}), "60");
    EXPECT_TRUE(co_await challenges.erase("tok", 0s));
    answer = co_await challenges.find("tok");
    EXPECT_TRUE(answer && !*answer);

    AccountRepository accounts(client, scripts);
    auto won = co_await accounts.store_if_absent("https://ca.example/dir", "a@b.c", "one");
    EXPECT_TRUE(won && *won == "one");
    auto lost = co_await accounts.store_if_absent("https://ca.example/dir", "a@b.c", "two");
    EXPECT_TRUE(lost && *lost == "one");
    auto loaded = co_await accounts.load("https://ca.example/dir", "a@b.c");
    EXPECT_TRUE(loaded && *loaded == "one");

    ProgressRepository progress(client);
    EXPECT_TRUE(co_await progress.put("c", "order", "ordering"));
    auto found = co_await progress.find("c");
    EXPECT_TRUE(found && *found && (*found)->step == "order" && (*found)->message == "ordering" &&
                (*found)->at);
  });
}

TEST_F(Repositories, AnAccountsStateAndHold) {
  run_connected([&]() -> net::Task<void> {
    AccountRepository accounts(client, scripts);
    const std::string directory = "https://ca.example/dir";
    auto none = co_await accounts.load_state(directory, "a@b.c");
    EXPECT_TRUE(none && none->url.empty());
    AccountState state;
    state.url = "https://ca.example/acct/1";
    state.contact = "a@b.c";
    EXPECT_TRUE(co_await accounts.save_state(directory, "a@b.c", state));
    EXPECT_EQ(value_of(co_await accounts.load_state(directory, "a@b.c")), state);
    co_await text(Command{"SET", "account-state:ca.example:bad@b.c", "no json"});
    none = co_await accounts.load_state(directory, "bad@b.c");
    EXPECT_TRUE(none && none->url.empty()) << "the CA can be asked anew";

    const base::Time now = base::now();
    EXPECT_TRUE(co_await accounts.hold(directory, "a@b.c", {now + 600s, "long"}, now));
    EXPECT_TRUE(co_await accounts.hold(directory, "a@b.c", {now + 60s, "short"}, now));
    auto hold = co_await accounts.find_hold(directory, "a@b.c");
    EXPECT_TRUE(hold && *hold && (*hold)->until == now + 600s && (*hold)->reason == "long");
    auto other = co_await accounts.find_hold(directory, "other@b.c");
    EXPECT_TRUE(other && !*other);
  });
}

TEST_F(Repositories, AnAccountMovesToAnotherAddressUnlessThatHasOne) {
  run_connected([&]() -> net::Task<void> {
    AccountRepository accounts(client, scripts);
    const std::string directory = "https://ca.example/dir";
    EXPECT_EQ(value_of(co_await accounts.rename(directory, "old@b.c", "new@b.c")), false);
    co_await accounts.store_if_absent(directory, "old@b.c", "key");
    AccountState state;
    state.url = "https://ca.example/acct/1";
    co_await accounts.save_state(directory, "old@b.c", state);
    EXPECT_EQ(value_of(co_await accounts.rename(directory, "old@b.c", "new@b.c")), true);
    auto moved = co_await accounts.load(directory, "new@b.c");
    EXPECT_TRUE(moved && *moved == "key");
    EXPECT_EQ(value_of(co_await accounts.load_state(directory, "new@b.c")), state);
    co_await accounts.store_if_absent(directory, "old@b.c", "another key");
    EXPECT_EQ(value_of(co_await accounts.rename(directory, "old@b.c", "new@b.c")), false);
  });
}

TEST_F(Repositories, AnOrderIsWrittenByWhoHoldsTheLeaseOnly) {
  run_connected([&]() -> net::Task<void> {
    OrderRepository orders(client, scripts);
    OrderRecord order;
    order.domains = {"a.example"};
    order.directory_url = "https://ca.example/dir";
    order.private_key_pem = "key";
    order.ledger_event = "event";
    order.history.push_back({base::now(), "order", "Ordering", 201});
    auto lease = co_await leases.acquire("cert:c", 10s);
    EXPECT_TRUE(lease && *lease);
    if (!lease || !*lease) co_return;
    // Of a certificate that was deleted no key may come back.
    EXPECT_EQ(code_of(co_await orders.save("c", order, **lease)), ErrorCode::conflict);
    EXPECT_TRUE(co_await certificates.save(make_certificate("c"), 0));
    EXPECT_TRUE(co_await orders.save("c", order, **lease));
    auto stored = co_await orders.load("c");
    EXPECT_TRUE(stored && *stored && **stored == order);
    // Without a successor, too: who let the lease run out has no say any more.
    EXPECT_TRUE(co_await leases.release(**lease));
    EXPECT_EQ(code_of(co_await orders.save("c", order, **lease)), ErrorCode::conflict);
    EXPECT_EQ(code_of(co_await orders.erase("c", **lease)), ErrorCode::conflict);
    auto next = co_await leases.acquire("cert:c", 10s);
    EXPECT_TRUE(next && *next);
    EXPECT_EQ(code_of(co_await orders.save("c", order, **lease)), ErrorCode::conflict);
    EXPECT_TRUE(co_await orders.erase("c", **next));
    stored = co_await orders.load("c");
    EXPECT_TRUE(stored && !*stored);
  });
}

TEST_F(Repositories, ACommitTakesTheOrderAwayAndMovesTheCertificateInTheQueue) {
  run_connected([&]() -> net::Task<void> {
    OrderRepository orders(client, scripts);
    DueQueue due(client, scripts);
    const base::Time now = base::now();
    CertificateRecord record = make_certificate("c");
    record.next_action_at = now - 1s;
    auto saved = co_await certificates.save(record, 0);
    co_await certificates.save(make_certificate("never"), 0);
    auto claimed = co_await due.claim(now, 10, now + 30s);
    EXPECT_EQ(value_of(claimed), std::vector<std::string>{"c"});
    claimed = co_await due.claim(now, 10, now + 30s);
    EXPECT_EQ(value_of(claimed), std::vector<std::string>{}) << "claimed already";
    claimed = co_await due.claim(now + 31s, 10, now + 60s);
    EXPECT_EQ(value_of(claimed), std::vector<std::string>{"c"}) << "it comes back";

    auto lease = co_await leases.acquire("cert:c", 10s);
    if (!lease || !*lease || !saved) co_return;
    OrderRecord order;
    order.domains = {"a.example"};
    EXPECT_TRUE(co_await orders.save("c", order, **lease));
    record.next_action_at = now + 100s;
    auto committed = co_await certificates.save(record, *saved, **lease, RunningOrder::drop);
    EXPECT_TRUE(committed);
    EXPECT_EQ(co_await text(Command{"EXISTS", "order:c"}), "0");
    EXPECT_EQ(co_await text(Command{"ZSCORE", "due", "c"}),
              std::to_string((now + 100s).time_since_epoch().count()));
    EXPECT_TRUE(co_await due.move("c", now));
    EXPECT_TRUE(co_await due.move("unknown", now));
    claimed = co_await due.claim(now, 10, now + 30s);
    EXPECT_EQ(value_of(claimed), std::vector<std::string>{"c"}) << "what is not queued is not added";
    std::vector<DueQueue::Entry> entries{{"c", now}, {"lost", now}};
    EXPECT_TRUE(co_await due.add_missing(std::move(entries)));
    claimed = co_await due.claim(now, 10, now + 30s);
    EXPECT_EQ(value_of(claimed), std::vector<std::string>{"lost"});
    EXPECT_TRUE(co_await due.settle("lost", std::nullopt, std::nullopt));
    co_await certificates.erase("c");
    EXPECT_EQ(co_await text(Command{"EXISTS", "due"}), "0") << "a deleted certificate leaves the queue";
  });
}

TEST_F(Repositories, ALookSettlesTheQueueOnlyIfNobodyWroteSince) {
  run_connected([&]() -> net::Task<void> {
    DueQueue due(client, scripts);
    const base::Time now = base::now();
    CertificateRecord record = make_certificate("c");
    record.next_action_at = now;
    const auto read = co_await certificates.save(record, 0);
    EXPECT_TRUE(read);
    if (!read) co_return;
    const auto score = [&]() -> net::Task<std::string> {
      co_return co_await text(Command{"ZSCORE", "due", "c"});
    };
    EXPECT_TRUE(co_await due.settle("c", *read, now + 100s));
    EXPECT_EQ(co_await score(), std::to_string((now + 100s).time_since_epoch().count()));
    // Somebody asks for a renewal after the look: neither "later" nor "never" may win.
    EXPECT_TRUE(co_await certificates.save(record, *read));
    EXPECT_TRUE(co_await due.settle("c", *read, now + 100s));
    EXPECT_TRUE(co_await due.settle("c", *read, std::nullopt));
    // Somebody makes it anew after it was not found.
    EXPECT_TRUE(co_await due.settle("c", std::nullopt, std::nullopt));
    EXPECT_EQ(co_await score(), std::to_string(now.time_since_epoch().count()));
    co_await text(Command{"DEL", "cert:c"});
    EXPECT_TRUE(co_await due.settle("c", std::nullopt, std::nullopt));
    EXPECT_EQ(co_await score(), "nil");
  });
}

TEST_F(Repositories, AClaimTakesTheLongestDueFirstAndNoMoreThanAskedFor) {
  run_connected([&]() -> net::Task<void> {
    DueQueue due(client, scripts);
    const base::Time now = base::now();
    std::vector<DueQueue::Entry> entries{{"a", now - 1s}, {"b", now - 3s}, {"c", now - 2s}, {"d", now + 1s}};
    EXPECT_TRUE(co_await due.add_missing(std::move(entries)));
    EXPECT_EQ(value_of(co_await due.claim(now, 2, now + 30s)), (std::vector<std::string>{"b", "c"}));
    EXPECT_EQ(value_of(co_await due.claim(now, 2, now + 30s)), (std::vector<std::string>{"a"}));
  });
}

class Changes : public Repositories {
 protected:
  net::Task<base::Status> take(Change change) {
    seen.push_back(std::move(change));
    co_return base::Status{};
  }
  net::Task<base::Status> reconcile() {
    ++reconciled;
    if (std::exchange(fail_reconcile, false)) {
      co_return base::fail(ErrorCode::unavailable, "test", base::ErrorSource::store);
    }
    co_return base::Status{};
  }
  // Polls, as what is waited for comes over another connection.
  net::Task<bool> until(std::function<bool()> reached) {
    for (int i = 0; i < 100 && !reached(); ++i) co_await loop.sleep(100ms);
    co_return reached();
  }

  std::vector<Change> seen;
  int reconciled = 0;
  bool fail_reconcile = false;
  ChangeStream stream{loop, dialer(), options_of(server),
                      [this](Change change) { return take(std::move(change)); },
                      [this] { return reconcile(); }};
};

TEST_F(Changes, AreReportedInOrderAfterTheFirstReconcile) {
  run_connected([&]() -> net::Task<void> {
    EXPECT_TRUE(co_await certificates.save(make_certificate("before"), 0));
    stream.start(tasks);
    EXPECT_TRUE(co_await until([&] { return reconciled == 1; }));
    const auto generation = co_await certificates.save(make_certificate("c"), 0);
    EXPECT_TRUE(co_await certificates.erase("c"));
    EXPECT_TRUE(co_await until([&] { return seen.size() >= 2; }));
    if (seen.size() != 2) co_return;
    EXPECT_EQ(seen[0].kind, ObjectKind::certificate);
    EXPECT_EQ(seen[0].name, "c");
    EXPECT_EQ(seen[0].generation, generation.value_or(0));
    EXPECT_EQ(seen[0].op, ChangeOp::save);
    EXPECT_EQ(seen[1].op, ChangeOp::erase);
    EXPECT_EQ(reconciled, 1);
  });
}

TEST_F(Changes, AFailedReconcileIsRepeated) {
  run_connected([&]() -> net::Task<void> {
    fail_reconcile = true;
    stream.start(tasks);
    EXPECT_TRUE(co_await until([&] { return reconciled == 2; }));
    EXPECT_TRUE(co_await certificates.save(make_certificate("c"), 0));
    EXPECT_TRUE(co_await until([&] { return seen.size() == 1; }));
  });
}

TEST_F(Changes, ATrimmedStreamIsAGap) {
  run_connected([&]() -> net::Task<void> {
    EXPECT_TRUE(co_await certificates.save(make_certificate("a"), 0));
    stream.start(tasks);
    EXPECT_TRUE(co_await until([&] { return reconciled == 1; }));
    // In one transaction, so that the reader sees only what is left of it.
    std::vector<Command> transaction{
        {"MULTI"},
        {"XADD", "changes", "*", "kind", "target", "name", "lost", "generation", "8", "op", "save"},
        {"XADD", "changes", "*", "kind", "target", "name", "kept", "generation", "9", "op", "save"},
        {"XTRIM", "changes", "MAXLEN", "=", "1"},
        {"EXEC"}};
    for (const Command& command : transaction) EXPECT_TRUE(co_await client.command(command));
    EXPECT_TRUE(co_await until([&] { return reconciled == 2; }));
    EXPECT_TRUE(co_await certificates.save(make_certificate("b"), 0));
    EXPECT_TRUE(co_await until([&] { return seen.size() == 1; }));
  });
}

TEST_F(Changes, ARestartOfRedisMeansAReconcile) {
  run_connected([&]() -> net::Task<void> {
    stream.start(tasks);
    EXPECT_TRUE(co_await until([&] { return reconciled == 1; }));
    server.kill_now();
    while (client.connected()) co_await loop.sleep(10ms);
    server.start();
    EXPECT_TRUE(co_await until([&] { return reconciled == 2; }));
    EXPECT_TRUE(co_await client.wait_connected(10s));
    EXPECT_TRUE(co_await certificates.save(make_certificate("c"), 0));
    EXPECT_TRUE(co_await until([&] { return seen.size() == 1; }));
  });
}

}  // namespace
}  // namespace cardea::store
