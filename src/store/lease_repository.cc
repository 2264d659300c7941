#include "store/lease_repository.h"

#include <utility>
#include <vector>

#include "base/encoding.h"
#include "crypto/random.h"
#include "store/key_names.h"
#include "store/scripts.h"

namespace cardea::store {
namespace {

constexpr std::size_t kOwnerBytes = 16;

base::Result<bool> to_bool(const base::Result<RedisReply>& reply) {
  if (!reply) return std::unexpected(reply.error());
  auto number = reply->integer();
  if (!number) return std::unexpected(number.error());
  return *number == 1;
}

}  // namespace

net::Task<base::Result<std::optional<Lease>>> LeaseRepository::acquire(std::string name,
                                                                       std::chrono::milliseconds lifetime) {
  Lease lease{std::move(name), base::to_hex(crypto::random_bytes(kOwnerBytes)), 0};
  std::vector<std::string> keys{key_names::lease(lease.name), std::string(key_names::kFence)};
  std::vector<std::string> arguments{lease.owner, std::to_string(lifetime.count())};
  auto reply = co_await scripts_.run(scripts::kAcquireLease, std::move(keys), std::move(arguments));
  if (!reply) co_return std::unexpected(reply.error());
  auto fence = reply->integer();
  if (!fence) co_return std::unexpected(fence.error());
  if (*fence <= 0) co_return std::nullopt;
  lease.fence = static_cast<std::uint64_t>(*fence);
  co_return std::optional(std::move(lease));
}

net::Task<base::Result<bool>> LeaseRepository::extend(Lease lease, std::chrono::milliseconds lifetime) {
  std::vector<std::string> keys{key_names::lease(lease.name)};
  std::vector<std::string> arguments{lease.value(), std::to_string(lifetime.count())};
  co_return to_bool(co_await scripts_.run(scripts::kExtendLease, std::move(keys), std::move(arguments)));
}

net::Task<base::Result<bool>> LeaseRepository::release(Lease lease) {
  std::vector<std::string> keys{key_names::lease(lease.name)};
  std::vector<std::string> arguments{lease.value()};
  co_return to_bool(co_await scripts_.run(scripts::kReleaseLease, std::move(keys), std::move(arguments)));
}

}  // namespace cardea::store
