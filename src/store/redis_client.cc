#include "store/redis_client.h"

#include <utility>

#include <fmt/core.h>

#include "base/limits.h"
#include "base/log.h"
#include "net/callback.h"

namespace cardea::store {
namespace {

// Calls a function when its time comes.
class CallbackTimer : public net::TimerWheel::Timer {
 public:
  explicit CallbackTimer(std::function<void()> expired) : expired_(std::move(expired)) {}

 private:
  void on_expired() override { expired_(); }
  std::function<void()> expired_;
};

class OnExit {
 public:
  explicit OnExit(std::function<void()> leave) : leave_(std::move(leave)) {}
  OnExit(const OnExit&) = delete;
  OnExit& operator=(const OnExit&) = delete;
  ~OnExit() { leave_(); }

 private:
  std::function<void()> leave_;
};

base::Error lost_on_the_way(std::string_view reason) {
  return {base::ErrorCode::unavailable, base::ErrorSource::store, false,
          fmt::format("the connection to Redis ended before the answer came ({}); a write may have happened",
                      reason)};
}

}  // namespace

RedisClient::RedisClient(net::EventLoop& loop, net::TaskGroup& tasks, Dialer dialer, RedisOptions options)
    : loop_(loop), tasks_(tasks), dialer_(std::move(dialer)), options_(std::move(options)) {}

void RedisClient::start() {
  tasks_.spawn("redis client", run());
}

// --- commands ---

net::Task<base::Result<std::optional<std::string>>> RedisClient::get(std::string key) {
  std::vector<std::string> arguments{"GET", std::move(key)};
  auto reply = co_await command(std::move(arguments));
  if (!reply) co_return std::unexpected(reply.error());
  co_return reply->optional_text();
}

net::Task<base::Result<RedisReply>> RedisClient::command(std::vector<std::string> arguments) {
  if (!connected_) co_return std::unexpected(not_reachable());
  if (pending_.size() >= base::kRedisPendingMax) {
    co_return base::fail_retryable(base::ErrorCode::unavailable,
                                   fmt::format("{} commands wait for Redis already", pending_.size()),
                                   base::ErrorSource::store);
  }
  auto [result] = co_await net::Callback<base::Result<RedisReply>>(
      [&](auto done) { enqueue(format_command(arguments), Done(std::move(done))); });
  co_return std::move(result);
}

void RedisClient::enqueue(const std::string& bytes, Done done) {
  if (pending_.empty()) loop_.set_timer(deadline_timer_, base::kRedisCommandTimeout);
  pending_.push_back({std::move(done), net::EventLoop::now() + base::kRedisCommandTimeout});
  connection_->stream().output().append(bytes);
  if (flushing_) return;
  flushing_ = true;
  // At the end of this turn: what others queue until then leaves in the same write.
  loop_.post([weak = std::weak_ptr(self_), session = session_] {
    const auto client = weak.lock();
    if (client && (*client)->session_ == session)
      (*client)->tasks_.spawn("redis flush", (*client)->flush(session));
  });
}

net::Task<void> RedisClient::flush(std::uint64_t session) {
  while (session == session_ && connected_ && connection_->stream().queued() > 0) {
    auto sent = co_await connection_->stream().flush(base::kRedisCommandTimeout);
    if (session != session_) co_return;
    if (!sent) went_down(sent.error());
  }
  if (session == session_) flushing_ = false;
}

base::Status RedisClient::deliver_answers() {
  RespReader& reader = connection_->reader();
  // Those who get their answers may do anything, even bring the connection down.
  while (connected_) {
    auto reply = reader.next();
    if (!reply) return std::unexpected(reply.error());
    if (!*reply) return {};
    if (pending_.empty()) {
      return base::fail(base::ErrorCode::protocol, "Redis answered to no command", base::ErrorSource::store);
    }
    const Done done = std::move(pending_.front().done);
    pending_.pop_front();
    done(std::move(**reply).into_result());
  }
  return {};
}

void RedisClient::check_deadline() {
  if (pending_.empty()) return;
  const auto now = net::EventLoop::now();
  const auto deadline = pending_.front().deadline;
  if (deadline > now) {
    loop_.set_timer(deadline_timer_, std::chrono::ceil<std::chrono::milliseconds>(deadline - now));
    return;
  }
  went_down({base::ErrorCode::timeout, base::ErrorSource::store, false, "no answer in time"});
}

// --- the connection ---

net::Task<void> RedisClient::run() {
  for (;;) {
    auto opened = co_await RedisConnection::open(dialer_, options_);
    if (opened) {
      connection_ = std::make_unique<RedisConnection>(std::move(*opened));
      went_up();
      const base::Error reason = co_await read_answers();
      went_down(reason);
    } else {
      report_unreachable(opened.error());
    }
    co_await loop_.sleep(backoff_.next());
  }
}

net::Task<base::Error> RedisClient::read_answers() {
  for (;;) {
    net::Stream& stream = connection_->stream();
    auto more = co_await stream.read(base::kRedisIdlePing);
    if (!more) {
      if (more.error().code != base::ErrorCode::timeout) co_return more.error();
      // A peer that vanished without a word is noticed by the deadline of this command.
      if (connected_ && pending_.empty()) {
        std::vector<std::string> ping{"PING"};
        enqueue(format_command(ping), [](const base::Result<RedisReply>&) {});
      }
      continue;
    }
    if (!*more) {
      co_return base::Error{base::ErrorCode::closed, base::ErrorSource::store, true,
                            "Redis closed the connection"};
    }
    auto taken = connection_->reader().feed(stream.input().view());
    stream.input().consume(stream.input().size());
    if (taken) taken = deliver_answers();
    if (!taken) co_return taken.error();
  }
}

void RedisClient::went_up() {
  ++session_;
  connected_ = true;
  flushing_ = false;
  backoff_.reset();
  if (session_ == 1 || !reported_.empty()) base::log_info("connected to Redis at {}", options_.to_string());
  reported_.clear();
  tell_listeners();
  for (const auto& [id, done] : std::exchange(connect_waiters_, {})) done(true);
}

// Idempotent: whoever notices first (reader, writer, deadline) gives the reason; run() dials again when its
// read returns.
void RedisClient::went_down(const base::Error& reason) {
  if (!std::exchange(connected_, false)) return;
  connection_->stream().close();
  report_unreachable(reason);
  tell_listeners();
  const auto now = net::EventLoop::now();
  for (const Pending& waiting : std::exchange(pending_, {})) {
    if (waiting.deadline <= now) {
      waiting.done(base::fail(base::ErrorCode::timeout,
                              "Redis did not answer in time; a write may have happened",
                              base::ErrorSource::store));
    } else {
      waiting.done(std::unexpected(lost_on_the_way(reason.context)));
    }
  }
}

// Before anybody who waits goes on and perhaps changes the state again.
void RedisClient::tell_listeners() {
  const bool up = connected_;
  // By index: a listener may add another one.
  for (std::size_t i = 0; i < listeners_.size(); ++i) listeners_[i](up);
}

// Once per outage, and once more when Redis is there but refuses us: that needs a person.
void RedisClient::report_unreachable(const base::Error& reason) {
  reason_ = reason.context;
  const std::string kind = reason.code == base::ErrorCode::rejected ? "rejected" : "away";
  if (!reported_.empty() && (kind == reported_ || kind == "away")) return;
  reported_ = kind;
  base::log_warn("Redis at {} is not reachable: {}; trying again", options_.to_string(), reason_);
}

base::Error RedisClient::not_reachable() const {
  return {base::ErrorCode::unavailable, base::ErrorSource::store, true,
          "Redis is not reachable (" + reason_ + "); start it, or correct REDIS_URL in .env"};
}

net::Task<base::Status> RedisClient::wait_connected(std::chrono::milliseconds limit) {
  if (connected_) co_return base::Status{};
  const std::uint64_t id = ++connect_waiter_last_;
  // Taken off the list however the wait ends; the client may be gone first.
  const OnExit forget([weak = std::weak_ptr(self_), id] {
    if (const auto client = weak.lock()) (*client)->connect_waiters_.erase(id);
  });
  std::function<void(bool)> expire;
  CallbackTimer timer([&expire] {
    const auto done = expire;  // the wait's end destroys the original
    done(false);
  });
  auto [up] = co_await net::Callback<bool>([&](auto done) {
    // The one that comes second finds the wait over and does nothing.
    expire = done;
    connect_waiters_.emplace(id, std::move(done));
    loop_.set_timer(timer, limit);
  });
  if (!up) co_return std::unexpected(not_reachable());
  co_return base::Status{};
}

}  // namespace cardea::store
