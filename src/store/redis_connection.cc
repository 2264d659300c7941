#include "store/redis_connection.h"

#include <utility>

#include "base/limits.h"
#include "net/dial.h"

namespace cardea::store {
namespace {

net::Task<base::Result<net::Stream>> dial_plain(net::EventLoop& loop, net::Endpoint endpoint) {
  co_return co_await net::dial(loop, std::move(endpoint), base::kDialTimeout, base::ErrorSource::store);
}

}  // namespace

Dialer make_plain_dialer(net::EventLoop& loop, net::Endpoint endpoint) {
  return [&loop, endpoint = std::move(endpoint)] { return dial_plain(loop, endpoint); };
}

net::Task<base::Result<RedisConnection>> RedisConnection::open(Dialer dialer, RedisOptions options) {
  auto stream = co_await dialer();
  if (!stream) co_return std::unexpected(stream.error());
  RedisConnection connection(std::move(*stream));
  auto ready = co_await connection.log_in(std::move(options));
  if (!ready) co_return std::unexpected(ready.error());
  co_return std::move(connection);
}

net::Task<base::Status> RedisConnection::log_in(RedisOptions options) {
  if (!options.password.empty()) {
    std::vector<std::string> auth{"AUTH"};
    if (!options.username.empty()) auth.push_back(options.username);
    auth.push_back(options.password);
    auto answer = co_await call(std::move(auth), base::kRedisCommandTimeout);
    if (!answer) co_return base::wrap(answer.error(), "logging in");
  }
  if (options.database != 0) {
    std::vector<std::string> select{"SELECT", std::to_string(options.database)};
    auto answer = co_await call(std::move(select), base::kRedisCommandTimeout);
    if (!answer)
      co_return base::wrap(answer.error(), "choosing database " + std::to_string(options.database));
  }
  // Shows what the two above do not: that a password is wanted, or that data is still being loaded.
  std::vector<std::string> ping{"PING"};
  auto answer = co_await call(std::move(ping), base::kRedisCommandTimeout);
  // An ACL user without a right to PING is logged in all the same.
  if (!answer && !answer.error().context.starts_with("NOPERM")) co_return std::unexpected(answer.error());
  co_return base::Status{};
}

net::Task<base::Result<RedisReply>> RedisConnection::call(std::vector<std::string> arguments,
                                                          std::chrono::milliseconds limit) {
  const auto deadline = net::EventLoop::now() + limit;
  if (auto written = stream_.write(format_command(arguments)); !written)
    co_return std::unexpected(written.error());
  if (auto sent = co_await stream_.flush(base::kRedisCommandTimeout); !sent)
    co_return std::unexpected(sent.error());
  for (;;) {
    auto reply = reader_.next();
    if (!reply) co_return std::unexpected(reply.error());
    if (*reply) co_return std::move(**reply).into_result();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - net::EventLoop::now());
    if (left.count() <= 0) {
      co_return base::fail(base::ErrorCode::timeout, "Redis did not answer in time",
                           base::ErrorSource::store);
    }
    auto more = co_await stream_.read(left);
    if (!more) co_return std::unexpected(more.error());
    if (!*more) {
      co_return base::fail(base::ErrorCode::closed, "Redis closed the connection", base::ErrorSource::store);
    }
    auto fed = reader_.feed(stream_.input().view());
    stream_.input().consume(stream_.input().size());
    if (!fed) co_return std::unexpected(fed.error());
  }
}

}  // namespace cardea::store
