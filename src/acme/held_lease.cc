#include "acme/held_lease.h"

#include <utility>

#include "base/limits.h"

namespace cardea::acme {

HeldLease::HeldLease(net::EventLoop& loop, store::LeaseRepository& leases, store::Lease lease)
    : loop_(loop), leases_(leases), lease_(std::move(lease)) {
  tasks_.spawn("lease", extend_for_ever());
}

net::Task<base::Result<std::unique_ptr<HeldLease>>> HeldLease::acquire(net::EventLoop& loop,
                                                                       store::LeaseRepository& leases,
                                                                       std::string name) {
  auto lease = co_await leases.acquire(std::move(name), base::kIssuanceLease);
  if (!lease) co_return std::unexpected(lease.error());
  if (!*lease) co_return nullptr;
  co_return std::unique_ptr<HeldLease>(new HeldLease(loop, leases, std::move(**lease)));
}

net::Task<void> HeldLease::extend_for_ever() {
  while (!lost_) {
    co_await loop_.sleep(base::kIssuanceLease / 3);
    auto held = co_await leases_.extend(lease_, base::kIssuanceLease);
    // Redis may be away for a moment; the commit is fenced, whatever we believe.
    if (held) lost_ = !*held;
  }
}

net::Task<base::Result<bool>> HeldLease::confirm() const {
  co_return co_await leases_.extend(lease_, base::kIssuanceLease);
}

net::Task<void> HeldLease::release() {
  tasks_.cancel_all();
  static_cast<void>(co_await leases_.release(lease_));
}

}  // namespace cardea::acme
