#include "store/token_repository.h"

#include <utility>

#include <fmt/core.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/strings.h"
#include "store/object_store.h"
#include "store/scripts.h"

namespace cardea::store {
namespace {

// Between reading and removing, an update of the same token can come in; each round needs another one.
constexpr int kEraseAttemptsMax = 5;

base::Result<std::optional<TokenRecord>> parse_found(const base::Result<std::optional<std::string>>& json) {
  if (!json) return std::unexpected(json.error());
  if (!*json) return std::nullopt;
  auto record = parse_token_record(**json);
  if (!record) return std::unexpected(record.error());
  return std::optional(std::move(*record));
}

}  // namespace

net::Task<base::Result<std::optional<std::string>>> TokenRepository::load(std::string key) {
  co_return co_await client_.get(std::move(key));
}

net::Task<base::Result<bool>> TokenRepository::run(const std::string& script, std::string name,
                                                   std::string hash, std::string json) {
  std::vector<std::string> keys{key_names::object(ObjectKind::token, name),
                                key_names::token_authentication(hash), key_names::index(ObjectKind::token),
                                std::string(key_names::kChanges), std::string(key_names::kGeneration)};
  std::vector<std::string> arguments{std::move(json), std::string(to_string(ObjectKind::token)),
                                     std::move(name), std::to_string(base::kChangesKept)};
  auto reply = co_await scripts_.run(script, std::move(keys), std::move(arguments));
  if (!reply) co_return std::unexpected(reply.error());
  auto done = reply->integer();
  if (!done) co_return std::unexpected(done.error());
  co_return *done == 1;
}

net::Task<base::Status> TokenRepository::create(TokenRecord record) {
  auto created = co_await run(scripts::kCreateToken, record.name, record.hash, to_json(record));
  if (!created) co_return std::unexpected(created.error());
  if (!*created) {
    co_return base::fail(
        base::ErrorCode::conflict,
        fmt::format("a token named \"{}\" exists already; \"./scripts/justw token-show\" prints it",
                    base::printable(record.name)),
        base::ErrorSource::store);
  }
  co_return base::Status{};
}

net::Task<base::Result<std::optional<TokenRecord>>> TokenRepository::find_by_hash(std::string hash) {
  co_return parse_found(co_await load(key_names::token_authentication(hash)));
}

net::Task<base::Result<std::optional<TokenRecord>>> TokenRepository::find_by_name(std::string name) {
  co_return parse_found(co_await load(key_names::object(ObjectKind::token, name)));
}

net::Task<base::Result<std::vector<TokenRecord>>> TokenRepository::list() {
  auto names = co_await list_names(client_, ObjectKind::token);
  if (!names) co_return std::unexpected(names.error());
  auto objects = co_await load_objects(scripts_, ObjectKind::token, std::move(*names));
  if (!objects) co_return std::unexpected(objects.error());
  std::vector<TokenRecord> records;
  for (const StoredObject& object : *objects) {
    auto record = object.json ? parse_token_record(*object.json) : std::unexpected(object.json.error());
    if (record) {
      records.push_back(std::move(*record));
    } else {
      base::log_warn("token \"{}\" left out: {}", base::printable(object.name), record.error().context);
    }
  }
  co_return std::move(records);
}

net::Task<base::Result<bool>> TokenRepository::erase(std::string name) {
  for (int attempt = 0; attempt < kEraseAttemptsMax; ++attempt) {
    auto json = co_await load(key_names::object(ObjectKind::token, name));
    if (!json) co_return std::unexpected(json.error());
    if (!*json) co_return false;
    auto record = parse_token_record(**json);
    if (!record) co_return std::unexpected(record.error());
    auto erased = co_await run(scripts::kEraseToken, name, record->hash, std::move(**json));
    if (!erased || *erased) co_return std::move(erased);
  }
  co_return base::fail(
      base::ErrorCode::conflict,
      fmt::format("the token \"{}\" is being changed by somebody else", base::printable(name)),
      base::ErrorSource::store);
}

}  // namespace cardea::store
