#include "store/order_repository.h"

#include <utility>
#include <vector>

#include "base/limits.h"
#include "store/key_names.h"
#include "store/scripts.h"

namespace cardea::store {
namespace {

base::Status read_verdict(const base::Result<RedisReply>& reply) {
  if (!reply) return std::unexpected(reply.error());
  auto done = reply->integer();
  if (!done) return std::unexpected(done.error());
  if (*done == 1) return {};
  return base::fail(
      base::ErrorCode::conflict,
      "this node may not work on the certificate any more: another one took over, or it was deleted",
      base::ErrorSource::store);
}

}  // namespace

net::Task<base::Result<std::optional<OrderRecord>>> OrderRepository::load(std::string cert_name) {
  auto json = co_await client_.get(key_names::order(cert_name));
  if (!json) co_return std::unexpected(json.error());
  if (!*json) co_return std::nullopt;
  auto record = parse_order_record(cert_name, **json);
  if (!record) co_return std::unexpected(record.error());
  co_return std::optional(std::move(*record));
}

net::Task<base::Status> OrderRepository::save(std::string cert_name, OrderRecord record, Lease lease) {
  std::vector<std::string> keys{key_names::order(cert_name), key_names::lease(lease.name),
                                key_names::object(ObjectKind::certificate, cert_name)};
  std::vector<std::string> arguments{lease.value(), to_json(record),
                                     std::to_string(base::kOrderLifetime.count())};
  co_return read_verdict(
      co_await scripts_.run(scripts::kSaveUnderLease, std::move(keys), std::move(arguments)));
}

net::Task<base::Status> OrderRepository::erase(std::string cert_name, Lease lease) {
  std::vector<std::string> keys{key_names::order(cert_name), key_names::lease(lease.name)};
  std::vector<std::string> arguments{lease.value()};
  co_return read_verdict(
      co_await scripts_.run(scripts::kEraseUnderLease, std::move(keys), std::move(arguments)));
}

}  // namespace cardea::store
