#include "store/change_stream.h"

#include <optional>
#include <span>
#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "base/strings.h"

namespace cardea::store {
namespace {

// Before the first entry of an empty stream.
constexpr std::string_view kBeforeAll = "0-0";

std::unexpected<base::Error> malformed() {
  return base::fail(base::ErrorCode::protocol, "the answer to a stream command has an unknown shape",
                    base::ErrorSource::store);
}

std::optional<ObjectKind> parse_kind(std::string_view word) {
  for (const ObjectKind kind : {ObjectKind::certificate, ObjectKind::target, ObjectKind::token}) {
    if (to_string(kind) == word) return kind;
  }
  return std::nullopt;
}

// nullopt: an entry that we do not understand, perhaps of a newer version with more kinds of objects.
std::optional<Change> parse_change(std::span<const RedisReply> fields) {
  Change change;
  bool known_kind = false;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    const auto name = fields[i].text();
    const auto value = fields[i + 1].text();
    if (!name || !value) return std::nullopt;
    if (*name == "kind") {
      const auto kind = parse_kind(*value);
      known_kind = kind.has_value();
      change.kind = kind.value_or(change.kind);
    } else if (*name == "name") {
      change.name = *value;
    } else if (*name == "generation") {
      change.generation = base::parse_uint(*value).value_or(0);
    } else if (*name == "op") {
      change.op = *value == "erase" ? ChangeOp::erase : ChangeOp::save;
    }
  }
  if (!known_kind || change.name.empty()) return std::nullopt;
  return change;
}

// The first part of an entry [id, [field, value, …]].
base::Result<std::string> entry_id(const RedisReply& entry) {
  auto parts = entry.array();
  if (!parts) return std::unexpected(parts.error());
  if (parts->size() != 2) return malformed();
  auto id = (*parts)[0].text();
  if (!id) return std::unexpected(id.error());
  return std::string(*id);
}

}  // namespace

ChangeStream::ChangeStream(net::EventLoop& loop, Dialer dialer, RedisOptions options, OnChange on_change,
                           OnReconcile on_reconcile)
    : loop_(loop),
      dialer_(std::move(dialer)),
      options_(std::move(options)),
      on_change_(std::move(on_change)),
      on_reconcile_(std::move(on_reconcile)) {}

void ChangeStream::start(net::TaskGroup& tasks) {
  tasks.spawn("change stream", run());
}

net::Task<void> ChangeStream::run() {
  for (;;) {
    auto connection = co_await RedisConnection::open(dialer_, options_);
    if (connection) {
      const base::Error reason = co_await follow(*connection);
      // That Redis is away is the client's to say, once; anything else would go unseen.
      if (reason.code != base::ErrorCode::closed && reason.code != base::ErrorCode::unavailable) {
        base::log_warn("following changes in Redis: {}; starting over", reason.to_string());
      }
    }
    co_await loop_.sleep(backoff_.next());
  }
}

net::Task<base::Error> ChangeStream::follow(RedisConnection& connection) {
  for (;;) {
    // Before the owner reads anything: what is written while it reads comes later in the stream.
    auto newest = co_await load_last_id(connection);
    if (!newest) co_return newest.error();
    last_id_ = std::move(*newest);
    if (auto reconciled = co_await on_reconcile_(); !reconciled) co_return reconciled.error();
    backoff_.reset();

    bool gapless = true;
    while (gapless) {
      auto batch = co_await read_batch(connection);
      if (!batch) co_return batch.error();
      // Also when nothing came: the stream itself may have been removed (FLUSHALL).
      auto checked = co_await is_gapless(connection);
      if (!checked) co_return checked.error();
      gapless = *checked;
      if (!gapless || batch->last_id.empty()) continue;
      for (Change& change : batch->changes) {
        if (auto taken = co_await on_change_(std::move(change)); !taken) co_return taken.error();
      }
      last_id_ = std::move(batch->last_id);
    }
    base::log_info("changes in Redis were trimmed before this node read them: reading everything");
  }
}

net::Task<base::Result<std::string>> ChangeStream::load_last_id(RedisConnection& connection) {
  std::vector<std::string> command{"XREVRANGE", std::string(key_names::kChanges), "+", "-", "COUNT", "1"};
  auto reply = co_await connection.call(std::move(command), base::kRedisCommandTimeout);
  if (!reply) co_return std::unexpected(reply.error());
  auto entries = reply->array();
  if (!entries) co_return std::unexpected(entries.error());
  if (entries->empty()) co_return std::string(kBeforeAll);
  co_return entry_id(entries->front());
}

net::Task<base::Result<ChangeStream::Batch>> ChangeStream::read_batch(RedisConnection& connection) {
  const std::chrono::milliseconds block = base::kChangesBlock;
  std::vector<std::string> command{"XREAD",
                                   "COUNT",
                                   std::to_string(base::kChangesPerReadMax),
                                   "BLOCK",
                                   std::to_string(block.count()),
                                   "STREAMS",
                                   std::string(key_names::kChanges),
                                   last_id_};
  auto reply = co_await connection.call(std::move(command), block + base::kRedisCommandTimeout);
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->is_nil()) co_return Batch{};
  co_return parse_batch(*reply);
}

// [[stream name, [[id, [field, value, …]], …]]]
base::Result<ChangeStream::Batch> ChangeStream::parse_batch(const RedisReply& reply) {
  auto streams = reply.array();
  if (!streams) return std::unexpected(streams.error());
  if (streams->size() != 1) return malformed();
  auto stream = streams->front().array();
  if (!stream) return std::unexpected(stream.error());
  if (stream->size() != 2) return malformed();
  auto entries = (*stream)[1].array();
  if (!entries) return std::unexpected(entries.error());
  Batch batch;
  for (const RedisReply& entry : *entries) {
    auto id = entry_id(entry);
    if (!id) return std::unexpected(id.error());
    batch.last_id = std::move(*id);
    auto fields = (*entry.array())[1].array();
    if (!fields) continue;  // nil: deleted by hand
    if (auto change = parse_change(*fields)) batch.changes.push_back(std::move(*change));
  }
  return batch;
}

// Trimming takes the oldest entries first. So if the last entry that we saw is still there after the read,
// none behind it was missing in that read.
net::Task<base::Result<bool>> ChangeStream::is_gapless(RedisConnection& connection) {
  const std::string stream(key_names::kChanges);
  const bool began_empty = last_id_ == kBeforeAll;
  std::vector<std::string> command;
  if (began_empty) {
    // There is no such entry; but below the limit nothing is trimmed.
    command = {"XLEN", stream};
  } else {
    command = {"XRANGE", stream, last_id_, last_id_};
  }
  auto reply = co_await connection.call(std::move(command), base::kRedisCommandTimeout);
  if (!reply) co_return std::unexpected(reply.error());
  if (began_empty) {
    auto length = reply->integer();
    if (!length) co_return std::unexpected(length.error());
    co_return static_cast<std::size_t>(*length) < base::kChangesKept;
  }
  auto entries = reply->array();
  if (!entries) co_return std::unexpected(entries.error());
  co_return !entries->empty();
}

}  // namespace cardea::store
