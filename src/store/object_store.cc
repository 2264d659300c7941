#include "store/object_store.h"

#include <fmt/core.h>

#include "base/limits.h"
#include "base/strings.h"
#include "store/scripts.h"

namespace cardea::store {
namespace {

struct Verdict {
  std::string word;
  std::uint64_t number = 0;
};

base::Result<Verdict> read_verdict(const base::Result<RedisReply>& reply) {
  if (!reply) return std::unexpected(reply.error());
  auto items = reply->array();
  if (!items) return std::unexpected(items.error());
  if (items->size() != 2) {
    return base::fail(base::ErrorCode::protocol, "a script answered with a list of another length",
                      base::ErrorSource::store);
  }
  auto word = (*items)[0].text();
  if (!word) return std::unexpected(word.error());
  auto number = (*items)[1].integer();
  if (!number) return std::unexpected(number.error());
  return Verdict{std::string(*word), static_cast<std::uint64_t>(*number)};
}

}  // namespace

base::Error unreadable(base::Error error, ObjectKind kind, std::string_view name) {
  error.context +=
      fmt::format("; correct or delete \"{}\" in Redis", base::printable(key_names::object(kind, name)));
  return error;
}

net::Task<base::Result<std::optional<std::string>>> ObjectStore::load(std::string name) {
  std::vector<std::string> names{name};
  auto found = co_await load_objects(scripts_, kind_, std::move(names));
  if (!found) co_return std::unexpected(found.error());
  if (found->empty()) co_return std::nullopt;
  base::Result<std::string>& json = found->front().json;
  if (!json) co_return std::unexpected(unreadable(json.error(), kind_, name));
  co_return std::move(*json);
}

net::Task<base::Result<std::vector<StoredObject>>> ObjectStore::list() {
  auto names = co_await list_names(client_, kind_);
  if (!names) co_return std::unexpected(names.error());
  co_return co_await load_objects(scripts_, kind_, std::move(*names));
}

net::Task<base::Result<RedisReply>> ObjectStore::run(const std::string& script, std::string name,
                                                     std::vector<std::string> arguments,
                                                     const std::optional<Lease>& lease, const Along& along) {
  std::vector<std::string> keys{key_names::object(kind_, name),
                                key_names::index(kind_),
                                std::string(key_names::kChanges),
                                std::string(key_names::kGeneration),
                                lease ? key_names::lease(lease->name) : std::string(),
                                along.due_queue,
                                along.erased_key};
  arguments.emplace_back(to_string(kind_));
  arguments.push_back(std::move(name));
  arguments.push_back(lease ? std::to_string(lease->fence) : std::string());
  arguments.push_back(std::to_string(base::kChangesKept));
  arguments.push_back(along.due_score);
  return scripts_.run(script, std::move(keys), std::move(arguments));
}

net::Task<base::Result<std::uint64_t>> ObjectStore::save(std::string name, std::string json,
                                                         Expected expected, std::optional<Lease> lease,
                                                         Along along) {
  std::vector<std::string> arguments{std::move(json), expected.word()};
  auto verdict = read_verdict(co_await run(scripts::kSave, name, std::move(arguments), lease, along));
  if (!verdict) co_return std::unexpected(verdict.error());
  if (verdict->word != "saved") co_return conflict(name, verdict->word);
  co_return verdict->number;
}

net::Task<base::Result<bool>> ObjectStore::erase(std::string name, Expected expected,
                                                 std::optional<Lease> lease, Along along) {
  std::vector<std::string> arguments{expected.word()};
  auto verdict = read_verdict(co_await run(scripts::kErase, name, std::move(arguments), lease, along));
  if (!verdict) co_return std::unexpected(verdict.error());
  if (verdict->word == "absent") co_return false;
  if (verdict->word != "erased") co_return conflict(name, verdict->word);
  co_return true;
}

std::unexpected<base::Error> ObjectStore::conflict(std::string_view name, std::string_view verdict) const {
  const std::string_view why = verdict == "fenced"
                                   ? "is being worked on by another node"
                                   : "was changed by somebody else meanwhile; read it and try again";
  return base::fail(base::ErrorCode::conflict,
                    fmt::format("{} \"{}\" {}", to_string(kind_), base::printable(name), why),
                    base::ErrorSource::store);
}

}  // namespace cardea::store
