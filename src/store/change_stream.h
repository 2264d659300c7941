// What others changed: the stream that every save and erase writes to, read on a connection of its own.
// Nothing is ever lost: whenever something could have been, the owner is told to read everything.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/event_loop.h"
#include "net/task.h"
#include "net/task_group.h"
#include "store/backoff.h"
#include "store/key_names.h"
#include "store/redis_connection.h"
#include "store/redis_options.h"

namespace cardea::store {

enum class ChangeOp : std::uint8_t { save, erase };

struct Change {
  ObjectKind kind = ObjectKind::certificate;
  std::string name;
  std::uint64_t generation = 0;
  ChangeOp op = ChangeOp::save;
};

// Loop thread only. `loop` must outlive it, and it must outlive its coroutine, which `tasks` owns: cancel
// first.
class ChangeStream {
 public:
  // Both are awaited, one at a time and in order. An error from either means that the owner may not know
  // everything: the stream waits a moment and calls on_reconcile again.
  using OnChange = std::function<net::Task<base::Status>(Change)>;
  // Called at start, after a reconnect and after a gap: compare all objects by generation. Changes made while
  // it runs are reported afterwards, so one may come that is known already, but none is missed.
  using OnReconcile = std::function<net::Task<base::Status>()>;

  ChangeStream(net::EventLoop& loop, Dialer dialer, RedisOptions options, OnChange on_change,
               OnReconcile on_reconcile);
  ChangeStream(const ChangeStream&) = delete;
  ChangeStream& operator=(const ChangeStream&) = delete;

  // Begins to read, for as long as `tasks` lives. Call once.
  void start(net::TaskGroup& tasks);

 private:
  struct Batch {
    std::string last_id;
    std::vector<Change> changes;
  };
  net::Task<void> run();
  // Reads until something fails, and returns that.
  net::Task<base::Error> follow(RedisConnection& connection);
  net::Task<base::Result<std::string>> load_last_id(RedisConnection& connection);
  net::Task<base::Result<Batch>> read_batch(RedisConnection& connection);
  // False: what came after last_id_ may have been trimmed before we read.
  net::Task<base::Result<bool>> is_gapless(RedisConnection& connection);
  static base::Result<Batch> parse_batch(const RedisReply& reply);

  net::EventLoop& loop_;
  Dialer dialer_;
  RedisOptions options_;
  OnChange on_change_;
  OnReconcile on_reconcile_;
  Backoff backoff_;
  std::string last_id_;
};

}  // namespace cardea::store
