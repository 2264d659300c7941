// The functions of object_store.h that work on indexes and on many objects.
#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/strings.h"
#include "store/object_store.h"
#include "store/scripts.h"

namespace cardea::store {
namespace {

constexpr std::array kKinds = {ObjectKind::certificate, ObjectKind::target, ObjectKind::token};

struct ScanPage {
  std::string cursor;
  std::vector<std::string> items;
};

// SCAN and SSCAN answer alike: the next cursor and a list, possibly empty, possibly with repetitions.
base::Result<ScanPage> read_page(const base::Result<RedisReply>& reply) {
  if (!reply) return std::unexpected(reply.error());
  auto parts = reply->array();
  if (!parts) return std::unexpected(parts.error());
  if (parts->size() != 2) {
    return base::fail(base::ErrorCode::protocol, "a scan answered with a list of another length",
                      base::ErrorSource::store);
  }
  auto cursor = (*parts)[0].text();
  if (!cursor) return std::unexpected(cursor.error());
  auto items = (*parts)[1].array();
  if (!items) return std::unexpected(items.error());
  ScanPage page{std::string(*cursor), {}};
  for (const RedisReply& item : *items) {
    auto text = item.text();
    if (!text) return std::unexpected(text.error());
    page.items.emplace_back(*text);
  }
  return page;
}

// nullopt: there is none, or the key holds something that is none.
std::optional<base::Result<std::string>> read_object(const RedisReply& value, ObjectKind kind,
                                                     std::string_view name) {
  if (const auto size = value.integer()) {
    return base::fail(base::ErrorCode::invalid,
                      fmt::format("{} \"{}\" has {} bytes, {} is the most", to_string(kind),
                                  base::printable(name), *size, base::kObjectBytesMax),
                      base::ErrorSource::store);
  }
  if (const auto text = value.text()) return std::string(*text);
  return std::nullopt;
}

net::Task<base::Result<bool>> exists(RedisClient& client, std::string key) {
  std::vector<std::string> command{"EXISTS", std::move(key)};
  auto reply = co_await client.command(std::move(command));
  if (!reply) co_return std::unexpected(reply.error());
  auto count = reply->integer();
  if (!count) co_return std::unexpected(count.error());
  co_return *count > 0;
}

}  // namespace

net::Task<base::Result<std::vector<std::string>>> list_names(RedisClient& client, ObjectKind kind) {
  std::vector<std::string> names;
  // In pieces: one SMEMBERS of a million names would hold Redis up and be over the limit of a reply.
  ScanPage page{"0", {}};
  do {
    std::vector<std::string> command{"SSCAN", key_names::index(kind), page.cursor, "COUNT",
                                     std::to_string(base::kRedisScanChunk)};
    auto next = read_page(co_await client.command(std::move(command)));
    if (!next) co_return std::unexpected(next.error());
    page = std::move(*next);
    for (std::string& name : page.items) names.push_back(std::move(name));
  } while (page.cursor != "0");
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  co_return std::move(names);
}

net::Task<base::Result<std::vector<StoredObject>>> load_objects(ScriptRunner& scripts, ObjectKind kind,
                                                                std::vector<std::string> names) {
  std::vector<StoredObject> objects;
  for (std::size_t first = 0; first < names.size();) {
    const std::size_t end = std::min(names.size(), first + base::kRedisListChunk);
    std::vector<std::string> keys;
    for (std::size_t i = first; i < end; ++i) keys.push_back(key_names::object(kind, names[i]));
    std::vector<std::string> limits{std::to_string(base::kObjectBytesMax),
                                    std::to_string(base::kRedisListBytesMax)};
    auto reply = co_await scripts.run(scripts::kLoad, std::move(keys), std::move(limits));
    if (!reply) co_return std::unexpected(reply.error());
    auto values = reply->array();
    if (!values) co_return std::unexpected(values.error());
    if (values->empty() || values->size() > end - first) {
      co_return base::fail(base::ErrorCode::protocol, "a list of objects came with another length",
                           base::ErrorSource::store);
    }
    for (const RedisReply& value : *values) {
      std::string& name = names[first++];
      if (auto json = read_object(value, kind, name)) objects.push_back({std::move(name), std::move(*json)});
    }
  }
  co_return std::move(objects);
}

net::Task<base::Status> rebuild_index(RedisClient& client, ObjectKind kind) {
  const std::string_view prefix = key_names::prefix(kind);
  std::size_t found = 0;
  ScanPage page{"0", {}};
  do {
    std::vector<std::string> scan{"SCAN",  page.cursor,
                                  "MATCH", std::string(prefix) + "*",
                                  "COUNT", std::to_string(base::kRedisScanChunk)};
    auto next = read_page(co_await client.command(std::move(scan)));
    if (!next) co_return std::unexpected(next.error());
    page = std::move(*next);
    if (page.items.empty()) continue;
    found += page.items.size();
    std::vector<std::string> add{"SADD", key_names::index(kind)};
    for (const std::string& key : page.items) add.push_back(key.substr(prefix.size()));
    auto added = co_await client.command(std::move(add));
    if (!added) co_return std::unexpected(added.error());
  } while (page.cursor != "0");
  if (found > 0) base::log_info("rebuilt {} from {} stored objects", key_names::index(kind), found);
  co_return base::Status{};
}

net::Task<base::Status> rebuild_indexes(RedisClient& client) {
  for (const ObjectKind kind : kKinds) {
    auto present = co_await exists(client, key_names::index(kind));
    if (!present) co_return std::unexpected(present.error());
    if (*present) continue;
    auto rebuilt = co_await rebuild_index(client, kind);
    if (!rebuilt) co_return std::unexpected(rebuilt.error());
  }
  co_return base::Status{};
}

}  // namespace cardea::store
