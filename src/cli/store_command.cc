#include "cli/store_command.h"

#include <fmt/core.h>

#include "base/limits.h"
#include "cli/command_line.h"
#include "cli/run_task.h"

namespace cardea::cli {
namespace {

net::Task<int> connect_and_run(store::RedisClient& redis, store::Repositories& repositories,
                               const StoreCommand& command) {
  redis.start();
  auto connected = co_await redis.wait_connected(base::kRedisCommandTimeout);
  if (!connected) co_return fail(connected.error());
  co_return co_await command(repositories);
}

}  // namespace

int fail(const base::Error& error) {
  fmt::print(stderr, "cardea: {}\n", error.context);
  return kExitFailed;
}

int with_store(const StoreAccess& access, const StoreCommand& command) {
  net::EventLoop loop;
  net::TaskGroup tasks;
  store::RedisClient redis(loop, tasks, access.make_dialer(loop), access.options);
  store::Repositories repositories(redis);
  return run_task(loop, tasks, connect_and_run(redis, repositories, command));
}

}  // namespace cardea::cli
