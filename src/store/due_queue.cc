#include "store/due_queue.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "store/key_names.h"
#include "store/scripts.h"

namespace cardea::store {
namespace {

std::string score(base::Time time) {
  return std::to_string(time.time_since_epoch().count());
}

}  // namespace

net::Task<base::Result<std::vector<std::string>>> DueQueue::claim(base::Time now, std::size_t count,
                                                                  base::Time again_at) {
  std::vector<std::string> keys{std::string(key_names::kDue)};
  std::vector<std::string> arguments{score(now), std::to_string(count), score(again_at)};
  auto reply = co_await scripts_.run(scripts::kClaimDue, std::move(keys), std::move(arguments));
  if (!reply) co_return std::unexpected(reply.error());
  auto items = reply->array();
  if (!items) co_return std::unexpected(items.error());
  std::vector<std::string> names;
  for (const RedisReply& item : *items) {
    auto name = item.text();
    if (!name) co_return std::unexpected(name.error());
    names.emplace_back(*name);
  }
  co_return std::move(names);
}

net::Task<base::Status> DueQueue::move(std::string cert_name, base::Time at) {
  std::vector<std::string> command{"ZADD", std::string(key_names::kDue), "XX", score(at),
                                   std::move(cert_name)};
  auto reply = co_await client_.command(std::move(command));
  if (!reply) co_return std::unexpected(reply.error());
  co_return base::Status{};
}

net::Task<base::Status> DueQueue::settle(std::string cert_name, std::optional<std::uint64_t> generation,
                                         std::optional<base::Time> at) {
  std::vector<std::string> keys{std::string(key_names::kDue),
                                key_names::object(ObjectKind::certificate, cert_name)};
  std::vector<std::string> arguments{generation ? std::to_string(*generation) : std::string(),
                                     at ? score(*at) : std::string(), std::move(cert_name)};
  auto reply = co_await scripts_.run(scripts::kSettleDue, std::move(keys), std::move(arguments));
  if (!reply) co_return std::unexpected(reply.error());
  co_return base::Status{};
}

net::Task<base::Status> DueQueue::add_missing(std::vector<Entry> entries) {
  for (std::size_t first = 0; first < entries.size(); first += base::kRedisScanChunk) {
    const std::size_t end = std::min(entries.size(), first + base::kRedisScanChunk);
    std::vector<std::string> command{"ZADD", std::string(key_names::kDue), "NX"};
    for (std::size_t i = first; i < end; ++i) {
      command.push_back(score(entries[i].at));
      command.push_back(std::move(entries[i].cert_name));
    }
    auto reply = co_await client_.command(std::move(command));
    if (!reply) co_return std::unexpected(reply.error());
  }
  co_return base::Status{};
}

}  // namespace cardea::store
