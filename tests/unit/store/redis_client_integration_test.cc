// The client against a real redis-server that is killed, frozen and started again.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "store/redis_client.h"
#include "store/store_fixture.h"

namespace cardea::store {
namespace {

using namespace std::chrono_literals;
using base::ErrorCode;
using Command = std::vector<std::string>;

class RedisClientOnServer : public test::StoreFixture {};

std::optional<ErrorCode> code_of(const base::Result<RedisReply>& result) {
  if (result) return std::nullopt;
  return result.error().code;
}

net::Task<void> command_into(RedisClient& client, Command command,
                             std::vector<base::Result<RedisReply>>& results) {
  results.push_back(co_await client.command(std::move(command)));
}

TEST_F(RedisClientOnServer, FailsAtOnceWhileNotConnected) {
  run([&]() -> net::Task<void> {
    auto reply = co_await client.command(Command{"PING"});
    EXPECT_FALSE(reply);
    if (reply) co_return;
    EXPECT_EQ(reply.error().code, ErrorCode::unavailable);
    EXPECT_EQ(reply.error().source, base::ErrorSource::store);
    EXPECT_TRUE(reply.error().retryable);
    EXPECT_TRUE(reply.error().context.starts_with("Redis is not reachable (")) << reply.error().context;
  });
}

TEST_F(RedisClientOnServer, WaitConnectedGivesUpWithTheReason) {
  server.kill_now();
  run([&]() -> net::Task<void> {
    client.start();
    auto connected = co_await client.wait_connected(300ms);
    EXPECT_FALSE(connected);
    if (!connected) {
      EXPECT_NE(connected.error().context.find("connecting failed"), std::string::npos)
          << connected.error().context;
    }
  });
}

TEST_F(RedisClientOnServer, PipelinesTenThousandCommandsInOrder) {
  run_connected([&]() -> net::Task<void> {
    std::vector<base::Result<RedisReply>> results;
    net::TaskGroup callers;
    for (std::size_t i = 0; i < base::kRedisPendingMax; ++i) {
      callers.spawn("caller", command_into(client, Command{"ECHO", std::to_string(i)}, results));
    }
    auto one_too_many = co_await client.command(Command{"PING"});
    EXPECT_EQ(code_of(one_too_many), ErrorCode::unavailable);
    while (results.size() < base::kRedisPendingMax && callers.size() > 0) co_await loop.sleep(10ms);
    EXPECT_EQ(results.size(), base::kRedisPendingMax);
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i] || results[i]->text().value() != std::to_string(i)) {
        ADD_FAILURE() << "answer " << i << " belongs to another command";
        break;
      }
    }
  });
}

TEST_F(RedisClientOnServer, LargeValuesAndErrorRepliesComeBackWhole) {
  run_connected([&]() -> net::Task<void> {
    const std::string value(3'000'000, 'v');
    EXPECT_EQ(co_await text(Command{"SET", "large", value}), "OK");
    EXPECT_EQ(co_await text(Command{"GET", "large"}), value);
    auto refused = co_await client.command(Command{"LPUSH", "large", "x"});
    EXPECT_FALSE(refused);
    if (refused) co_return;
    EXPECT_EQ(refused.error().code, ErrorCode::rejected);
    EXPECT_TRUE(refused.error().context.starts_with("WRONGTYPE")) << refused.error().context;
  });
}

TEST_F(RedisClientOnServer, ComesBackAfterACrashAndSaysWhatWasInFlight) {
  run_connected([&]() -> net::Task<void> {
    std::vector<bool> changes;
    client.on_connection([&](bool up) { changes.push_back(up); });
    EXPECT_EQ(co_await text(Command{"SET", "k", "kept"}), "OK");
    std::vector<base::Result<RedisReply>> results;
    net::TaskGroup callers;
    callers.spawn("blocked", command_into(client, Command{"BLPOP", "nothing", "0"}, results));
    co_await loop.sleep(100ms);
    server.kill_now();
    while (client.connected()) co_await loop.sleep(10ms);
    EXPECT_EQ(results.size(), 1U);
    if (results.empty() || results[0]) co_return;
    EXPECT_EQ(results[0].error().code, ErrorCode::unavailable);
    EXPECT_FALSE(results[0].error().retryable);
    EXPECT_NE(results[0].error().context.find("may have happened"), std::string::npos);

    server.start();
    EXPECT_TRUE(co_await client.wait_connected(10s));
    EXPECT_EQ(co_await text(Command{"GET", "k"}), "kept");
    EXPECT_EQ(changes, (std::vector<bool>{false, true}));
  });
}

TEST_F(RedisClientOnServer, ADeadlineDropsTheConnectionSoThatAnswersAreNeverMixedUp) {
  run_connected([&]() -> net::Task<void> {
    EXPECT_EQ(co_await text(Command{"SET", "k", "first"}), "OK");
    server.freeze();
    const auto start = net::EventLoop::now();
    auto late = co_await client.command(Command{"ECHO", "late"});
    EXPECT_EQ(code_of(late), ErrorCode::timeout);
    EXPECT_GE(net::EventLoop::now() - start, base::kRedisCommandTimeout - 100ms);
    EXPECT_FALSE(client.connected());
    server.thaw();
    EXPECT_TRUE(co_await client.wait_connected(20s));
    EXPECT_EQ(co_await text(Command{"GET", "k"}), "first");
  });
}

TEST_F(RedisClientOnServer, AWaiterMayBeDestroyedAtAnyTime) {
  run_connected([&]() -> net::Task<void> {
    std::vector<base::Result<RedisReply>> results;
    {
      net::TaskGroup callers;
      callers.spawn("gone before the write", command_into(client, Command{"ECHO", "one"}, results));
    }
    {
      net::TaskGroup callers;
      callers.spawn("gone before the answer",
                    command_into(client, Command{"BLPOP", "nothing", "0.3"}, results));
      co_await loop.sleep(100ms);
    }
    EXPECT_EQ(co_await text(Command{"ECHO", "two"}), "two");
    EXPECT_TRUE(results.empty());
  });
}

TEST_F(RedisClientOnServer, LogsInAsAnAclUserIntoItsDatabase) {
  run_connected([&]() -> net::Task<void> {
    EXPECT_EQ(co_await text(Command{"ACL", "SETUSER", "app", "on", ">s3cret", "~*", "+@all"}), "OK");
    EXPECT_EQ(co_await text(Command{"ACL", "SETUSER", "default", "off"}), "OK");

    RedisOptions options = options_of(server);
    options.username = "app";
    options.password = "s3cret";
    options.database = 5;
    net::TaskGroup user_tasks;
    RedisClient user(loop, user_tasks, dialer(), options);
    user.start();
    EXPECT_TRUE(co_await user.wait_connected(5s));
    auto set = co_await user.command(Command{"SET", "in-five", "1"});
    EXPECT_TRUE(set);
    EXPECT_EQ(co_await text(Command{"EXISTS", "in-five"}), "0");

    options.password = "wrong";
    net::TaskGroup stranger_tasks;
    RedisClient stranger(loop, stranger_tasks, dialer(), options);
    stranger.start();
    auto connected = co_await stranger.wait_connected(1s);
    EXPECT_FALSE(connected);
    if (!connected) {
      EXPECT_NE(connected.error().context.find("WRONGPASS"), std::string::npos) << connected.error().context;
    }
  });
}

}  // namespace
}  // namespace cardea::store
