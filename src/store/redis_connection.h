// One connection to Redis, logged in. By itself it does one command at a time, as long as each may take: what
// blocking reads need. RedisClient pipelines over one.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/event_loop.h"
#include "net/stream.h"
#include "net/task.h"
#include "store/redis_options.h"
#include "store/redis_reply.h"
#include "store/resp_codec.h"

namespace cardea::store {

// Opens the transport: TCP, a Unix socket, or TLS over TCP for rediss:// (which a higher layer provides).
// Must take no longer than a bounded time.
using Dialer = std::function<net::Task<base::Result<net::Stream>>()>;

// TCP or a Unix socket without TLS, within kDialTimeout. `loop` must outlive the dialer.
[[nodiscard]] Dialer make_plain_dialer(net::EventLoop& loop, net::Endpoint endpoint);

// Move-only; loop thread only; one call at a time.
class RedisConnection {
 public:
  // Dials, then AUTH, SELECT and PING. Errors: those of the dialer; rejected with Redis' own text (a wrong
  // password); unavailable while Redis loads its data; timeout; protocol.
  static net::Task<base::Result<RedisConnection>> open(Dialer dialer, RedisOptions options);

  // Sends one command and waits up to `limit` for its answer. After any error but `rejected` the connection
  // is of no more use. Error replies: see RedisReply::into_result().
  net::Task<base::Result<RedisReply>> call(std::vector<std::string> arguments,
                                           std::chrono::milliseconds limit);

  [[nodiscard]] net::Stream& stream() { return stream_; }
  [[nodiscard]] RespReader& reader() { return reader_; }

 private:
  explicit RedisConnection(net::Stream stream) : stream_(std::move(stream)) {}
  net::Task<base::Status> log_in(RedisOptions options);

  net::Stream stream_;
  RespReader reader_;
};

}  // namespace cardea::store
