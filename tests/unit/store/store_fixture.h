// A loop, a real Redis and a client that is connected to it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "net/event_loop.h"
#include "net/task_group.h"
#include "store/redis_client.h"
#include "store/redis_server.h"

namespace cardea::test {

class StoreFixture : public ::testing::Test {
 protected:
  ~StoreFixture() override { tasks.cancel_all(); }

  [[nodiscard]] static store::RedisOptions options_of(const RedisServer& redis) {
    return store::parse_redis_url(redis.url()).value();
  }
  [[nodiscard]] store::Dialer dialer() { return store::make_plain_dialer(loop, options_of(server).endpoint); }

  // Runs `body`, a coroutine, to its end on this thread.
  void run(const std::function<net::Task<void>()>& body) {
    bool ended = false;
    loop.post([&] { tasks.spawn("test", run_and_stop(body, ended)); });
    loop.run();
    EXPECT_TRUE(ended);
  }
  // The same, with a connected client.
  void run_connected(std::function<net::Task<void>()> body) {
    run([&, body = std::move(body)]() -> net::Task<void> {
      client.start();
      auto connected = co_await client.wait_connected(std::chrono::seconds(5));
      EXPECT_TRUE(connected);
      if (connected) co_await body();
    });
  }

  // Short for commands whose failure is the test's.
  net::Task<std::string> text(std::vector<std::string> command) {
    auto reply = co_await client.command(std::move(command));
    if (!reply) co_return "error: " + reply.error().context;
    if (reply->is_nil()) co_return "nil";
    if (reply->kind() == store::RedisReply::Kind::integer) co_return std::to_string(reply->integer().value());
    co_return std::string(reply->text().value_or("no text"));
  }

  RedisServer server;
  net::EventLoop loop;
  net::TaskGroup tasks;
  store::RedisClient client{loop, tasks, dialer(), options_of(server)};

 private:
  net::Task<void> run_and_stop(std::function<net::Task<void>()> body, bool& ended) {
    co_await body();
    ended = true;
    loop.stop();
  }
};

}  // namespace cardea::test
