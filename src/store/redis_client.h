// The store's connection: commands from many coroutines, pipelined over one connection that comes back by
// itself.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/event_loop.h"
#include "net/task.h"
#include "net/task_group.h"
#include "net/timer_wheel.h"
#include "store/backoff.h"
#include "store/redis_connection.h"
#include "store/redis_options.h"
#include "store/redis_reply.h"

namespace cardea::store {

// Loop thread only. `loop` must outlive the client, and the loop must not run between the end of the client
// and that of `tasks`, which owns its coroutines. Whoever waits here may be destroyed at any time.
class RedisClient {
 public:
  RedisClient(net::EventLoop& loop, net::TaskGroup& tasks, Dialer dialer, RedisOptions options);
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  // Begins to connect, for as long as `tasks` lives. Call once.
  void start();

  // Sends a command; all commands of one loop turn leave in one write, and answers come in the order of the
  // commands. Errors, all of source store:
  //   unavailable, retryable: not connected, or kRedisPendingMax commands wait already: nothing was sent.
  //   unavailable, not retryable: the connection ended before the answer came: a write may have happened.
  //   timeout: no answer within kRedisCommandTimeout; the connection is dropped, as later answers could be
  //   mistaken for one another. A write may have happened. rejected: Redis said no; the context is its own
  //   text.
  net::Task<base::Result<RedisReply>> command(std::vector<std::string> arguments);

  // GET: nullopt if there is no such key. Errors as command(), and protocol if the key holds no text.
  net::Task<base::Result<std::optional<std::string>>> get(std::string key);

  [[nodiscard]] bool connected() const { return connected_; }
  // Calls `listener` with each change of connected(). Listeners live as long as the client.
  void on_connection(std::function<void(bool)> listener) { listeners_.push_back(std::move(listener)); }
  // Waits until connected. Error: unavailable, with the last reason, when that takes longer than `limit`.
  net::Task<base::Status> wait_connected(std::chrono::milliseconds limit);

 private:
  using Done = std::function<void(base::Result<RedisReply>)>;
  struct Pending {
    Done done;
    net::Clock::time_point deadline;
  };
  class DeadlineTimer : public net::TimerWheel::Timer {
   public:
    explicit DeadlineTimer(RedisClient& client) : client_(client) {}

   private:
    void on_expired() override { client_.check_deadline(); }
    RedisClient& client_;
  };

  net::Task<void> run();
  net::Task<base::Error> read_answers();
  net::Task<void> flush(std::uint64_t session);
  base::Status deliver_answers();
  void enqueue(const std::string& bytes, Done done);
  void check_deadline();
  void went_up();
  void went_down(const base::Error& reason);
  void tell_listeners();
  void report_unreachable(const base::Error& reason);
  [[nodiscard]] base::Error not_reachable() const;

  net::EventLoop& loop_;
  net::TaskGroup& tasks_;
  Dialer dialer_;
  RedisOptions options_;
  Backoff backoff_;

  std::unique_ptr<RedisConnection> connection_;  // null until the first one
  std::uint64_t session_ = 0;  // counts connections, so that what belongs to an old one is recognised
  bool connected_ = false;
  bool flushing_ = false;
  std::deque<Pending> pending_;  // in the order of sending; every command has the same time limit
  DeadlineTimer deadline_timer_{*this};
  std::string reason_ = "no connection was made yet";
  std::string reported_;  // the kind of outage that the log knows about; empty while connected

  std::deque<std::function<void(bool)>> listeners_;  // a deque: one that is running stays where it is
  std::map<std::uint64_t, std::function<void(bool)>> connect_waiters_;
  std::uint64_t connect_waiter_last_ = 0;
  // Expires with the client: what was posted to the loop looks here first.
  std::shared_ptr<RedisClient*> self_ = std::make_shared<RedisClient*>(this);
};

}  // namespace cardea::store
