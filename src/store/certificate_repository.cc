#include "store/certificate_repository.h"

#include <utility>

#include "base/log.h"

namespace cardea::store {

net::Task<base::Result<std::optional<CertificateRecord>>> CertificateRepository::load(std::string cert_name) {
  auto json = co_await objects_.load(cert_name);
  if (!json) co_return std::unexpected(json.error());
  if (!*json) co_return std::nullopt;
  auto record = parse_certificate_record(cert_name, **json);
  if (!record) co_return std::unexpected(unreadable(record.error(), ObjectKind::certificate, cert_name));
  co_return std::optional(std::move(*record));
}

net::Task<base::Result<std::vector<CertificateRecord>>> CertificateRepository::list() {
  auto listing = co_await list_all();
  if (!listing) co_return std::unexpected(listing.error());
  co_return std::move(listing->records);
}

net::Task<base::Result<Listing<CertificateRecord>>> CertificateRepository::list_all() {
  auto objects = co_await objects_.list();
  if (!objects) co_return std::unexpected(objects.error());
  Listing<CertificateRecord> listing;
  for (const StoredObject& object : *objects) {
    auto record = object.json ? parse_certificate_record(object.name, *object.json)
                              : std::unexpected(object.json.error());
    if (record) {
      listing.records.push_back(std::move(*record));
    } else {
      base::log_warn("left out: {}",
                     unreadable(record.error(), ObjectKind::certificate, object.name).context);
      listing.unreadable.push_back(object.name);
    }
  }
  co_return std::move(listing);
}

net::Task<base::Result<std::uint64_t>> CertificateRepository::save(CertificateRecord record,
                                                                   Expected expected,
                                                                   std::optional<Lease> lease,
                                                                   RunningOrder order) {
  Along along{.due_queue = std::string(key_names::kDue), .due_score = {}, .erased_key = {}};
  if (record.next_action_at) {
    along.due_score = std::to_string(record.next_action_at->time_since_epoch().count());
  }
  if (order == RunningOrder::drop) along.erased_key = key_names::order(record.cert_name);
  return objects_.save(record.cert_name, to_json(record), std::move(expected), std::move(lease),
                       std::move(along));
}

net::Task<base::Result<bool>> CertificateRepository::erase(std::string cert_name, Expected expected,
                                                           std::optional<Lease> lease) {
  Along along{
      .due_queue = std::string(key_names::kDue), .due_score = {}, .erased_key = key_names::order(cert_name)};
  return objects_.erase(std::move(cert_name), std::move(expected), std::move(lease), std::move(along));
}

}  // namespace cardea::store
