#include "store/target_repository.h"

#include <utility>

#include "base/log.h"

namespace cardea::store {

net::Task<base::Result<std::optional<TargetRecord>>> TargetRepository::load(std::string hostname) {
  auto json = co_await objects_.load(hostname);
  if (!json) co_return std::unexpected(json.error());
  if (!*json) co_return std::nullopt;
  auto record = parse_target_record(hostname, **json);
  if (!record) co_return std::unexpected(unreadable(record.error(), ObjectKind::target, hostname));
  co_return std::optional(std::move(*record));
}

net::Task<base::Result<std::vector<TargetRecord>>> TargetRepository::list() {
  auto listing = co_await list_all();
  if (!listing) co_return std::unexpected(listing.error());
  co_return std::move(listing->records);
}

net::Task<base::Result<Listing<TargetRecord>>> TargetRepository::list_all() {
  auto objects = co_await objects_.list();
  if (!objects) co_return std::unexpected(objects.error());
  Listing<TargetRecord> listing;
  for (const StoredObject& object : *objects) {
    auto record =
        object.json ? parse_target_record(object.name, *object.json) : std::unexpected(object.json.error());
    if (record) {
      listing.records.push_back(std::move(*record));
    } else {
      base::log_warn("left out: {}", unreadable(record.error(), ObjectKind::target, object.name).context);
      listing.unreadable.push_back(object.name);
    }
  }
  co_return std::move(listing);
}

net::Task<base::Result<std::uint64_t>> TargetRepository::save(TargetRecord record, Expected expected,
                                                              std::optional<Lease> lease) {
  return objects_.save(record.hostname, to_json(record), std::move(expected), std::move(lease));
}

net::Task<base::Result<bool>> TargetRepository::erase(std::string hostname, Expected expected,
                                                      std::optional<Lease> lease) {
  return objects_.erase(std::move(hostname), std::move(expected), std::move(lease));
}

}  // namespace cardea::store
