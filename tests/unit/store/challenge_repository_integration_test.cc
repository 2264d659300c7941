// tls-alpn-01 challenges against a real redis-server: one order at a time has a name.
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "store/challenge_repository.h"
#include "store/store_fixture.h"

namespace cardea::store {
using namespace std::chrono_literals;
namespace {

using Command = std::vector<std::string>;

class TlsAlpnChallenges : public test::StoreFixture {
 protected:
  net::Task<std::string> found(std::string domain) {
    auto answer = co_await challenges.find_tls_alpn(std::move(domain));
    if (!answer) co_return "error: " + answer.error().context;
    co_return answer->value_or("nothing");
  }

  // Seconds that are left; negative if there is none.
  net::Task<std::int64_t> seconds_left(std::string domain) {
    auto reply = co_await client.command(Command{"TTL", "alpn:" + domain});
    co_return reply ? reply->integer().value_or(-3) : -3;
  }

  ScriptRunner scripts{client};
  ChallengeRepository challenges{client, scripts};
};

TEST_F(TlsAlpnChallenges, AreFoundByTheirDomainForAnHour) {
  run_connected([&]() -> net::Task<void> {
    EXPECT_EQ(co_await found("a.example"), "nothing");
    EXPECT_TRUE(co_await challenges.put_tls_alpn("a.example", "one.thumb"));
    EXPECT_TRUE(co_await challenges.put_tls_alpn("b.example", "two.thumb"));
    EXPECT_EQ(co_await found("a.example"), "one.thumb");
    EXPECT_EQ(co_await found("b.example"), "two.thumb");
    EXPECT_EQ(co_await found("c.example"), "nothing");
    EXPECT_EQ(co_await text(Command{"GET", "alpn:a.example"}), "one.thumb");
    EXPECT_GT(co_await seconds_left("a.example"), 3000);
    EXPECT_LE(co_await seconds_left("a.example"), 3600);
    EXPECT_TRUE(co_await challenges.erase_tls_alpn("a.example", "one.thumb", 0s));
    EXPECT_EQ(co_await found("a.example"), "nothing");
    EXPECT_EQ(co_await found("b.example"), "two.thumb");
  });
}

TEST_F(TlsAlpnChallenges, OfAnotherAccountAreNotReplaced) {
  run_connected([&]() -> net::Task<void> {
    EXPECT_TRUE(co_await challenges.put_tls_alpn("a.example", "first.thumb"));
    co_await text(Command{"EXPIRE", "alpn:a.example", "100"});
    const auto second = co_await challenges.put_tls_alpn("a.example", "second.other");
    EXPECT_FALSE(second);
    if (second) co_return;
    EXPECT_EQ(second.error().code, base::ErrorCode::conflict);
    EXPECT_TRUE(second.error().retryable);
    EXPECT_NE(second.error().context.find("a.example"), std::string::npos) << second.error().context;
    EXPECT_EQ(co_await found("a.example"), "first.thumb");
    EXPECT_LE(co_await seconds_left("a.example"), 100) << "the loser prolongs nothing";
    EXPECT_TRUE(co_await challenges.erase_tls_alpn("a.example", "first.thumb", 0s));
    EXPECT_TRUE(co_await challenges.put_tls_alpn("a.example", "second.other"));
    EXPECT_EQ(co_await found("a.example"), "second.other");
  });
}

TEST_F(TlsAlpnChallenges, OfTheSameAccountAreReplaced) {
  run_connected([&]() -> net::Task<void> {
    EXPECT_TRUE(co_await challenges.put_tls_alpn("a.example", "given-up.thumb"));
    EXPECT_TRUE(co_await challenges.put_tls_alpn("a.example", "next.thumb"));
    EXPECT_EQ(co_await found("a.example"), "next.thumb");
  });
}

TEST_F(TlsAlpnChallenges, OfTheSameOrderLiveOn) {
  run_connected([&]() -> net::Task<void> {
    EXPECT_TRUE(co_await challenges.put_tls_alpn("a.example", "one.thumb"));
    co_await text(Command{"EXPIRE", "alpn:a.example", "100"});
    EXPECT_TRUE(co_await challenges.put_tls_alpn("a.example", "one.thumb"));
    EXPECT_EQ(co_await found("a.example"), "one.thumb");
    EXPECT_GT(co_await seconds_left("a.example"), 3000);
  });
}

TEST_F(TlsAlpnChallenges, OfAnotherOrderAreNotErased) {
  run_connected([&]() -> net::Task<void> {
    EXPECT_TRUE(co_await challenges.put_tls_alpn("a.example", "one.thumb"));
    EXPECT_TRUE(co_await challenges.erase_tls_alpn("a.example", "other.thumb", 0s));
    EXPECT_EQ(co_await found("a.example"), "one.thumb");
    EXPECT_TRUE(co_await challenges.erase_tls_alpn("none.example", "one.thumb", 0s));
  });
}

TEST_F(TlsAlpnChallenges, CanGoLater) {
  run_connected([&]() -> net::Task<void> {
    EXPECT_TRUE(co_await challenges.put_tls_alpn("a.example", "one.thumb"));
    EXPECT_TRUE(co_await challenges.erase_tls_alpn("a.example", "one.thumb", 60s));
    EXPECT_EQ(co_await found("a.example"), "one.thumb");
    EXPECT_LE(co_await seconds_left("a.example"), 60);
  });
}

TEST_F(TlsAlpnChallenges, AreNotConfusedWithTokens) {
  run_connected([&]() -> net::Task<void> {
    EXPECT_TRUE(co_await challenges.put("a.example", "http.thumb"));
    EXPECT_EQ(co_await found("a.example"), "nothing");
    EXPECT_TRUE(co_await challenges.put_tls_alpn("a.example", "alpn.thumb"));
    auto by_token = co_await challenges.find("a.example");
    EXPECT_TRUE(by_token && *by_token == "http.thumb");
  });
}

TEST_F(TlsAlpnChallenges, AreAnErrorWhileRedisIsAway) {
  run_connected([&]() -> net::Task<void> {
    EXPECT_TRUE(co_await challenges.put_tls_alpn("a.example", "one.thumb"));
    server.kill_now();
    while (client.connected()) co_await loop.sleep(std::chrono::milliseconds(10));
    EXPECT_FALSE(co_await challenges.find_tls_alpn("a.example"));
    EXPECT_FALSE(co_await challenges.put_tls_alpn("a.example", "one.thumb"));
    EXPECT_FALSE(co_await challenges.erase_tls_alpn("a.example", "one.thumb", 0s));
    server.start();
    EXPECT_TRUE(co_await client.wait_connected(std::chrono::seconds(10)));
    EXPECT_EQ(co_await found("a.example"), "one.thumb") << "it outlives a restart of Redis";
    EXPECT_TRUE(co_await challenges.erase_tls_alpn("a.example", "one.thumb", 0s)) << "scripts are sent again";
    EXPECT_EQ(co_await found("a.example"), "nothing");
  });
}

}  // namespace
}  // namespace cardea::store
