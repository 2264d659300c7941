#include "net/guarded_dialer.h"

#include <utility>

#include "net/address_class.h"
#include "net/dial.h"

namespace cardea::net {

Task<base::Result<Stream>> GuardedDialer::dial(Endpoint endpoint, std::chrono::milliseconds limit,
                                               base::ErrorSource peer) {
  const Deadline deadline(limit);
  auto addresses = co_await find_allowed(endpoint, deadline);
  if (!addresses) {
    base::Error error = base::wrap(addresses.error(), endpoint.to_string()).error();
    error.source = peer;
    co_return std::unexpected(std::move(error));
  }
  auto stream = co_await dial_any(loop_, std::move(*addresses), endpoint, deadline, peer);
  if (!stream) names_.doubt(endpoint.host);
  co_return stream;
}

Task<base::Result<Addresses>> GuardedDialer::find_allowed(Endpoint endpoint, Deadline deadline) {
  if (auto refusal = policy_->refusal(endpoint)) {
    co_return base::fail(base::ErrorCode::forbidden, std::move(*refusal));
  }
  if (!endpoint.path.empty()) {
    auto local = SocketAddress::from_path(endpoint.path);
    if (!local) co_return base::fail(base::ErrorCode::invalid, "the path is too long for a Unix socket");
    co_return Addresses{*local};
  }
  Addresses store;
  if (policy_->may_be_store(endpoint.port)) {
    auto found = co_await find_addresses(policy_->store(), deadline);
    // Whether this is Redis cannot be told: better not at all than wrongly.
    if (!found) co_return base::wrap(found.error(), "Redis has the same port, and its address is not known");
    store = std::move(*found);
  }
  auto found = co_await find_addresses(endpoint, deadline);
  if (!found) co_return found;
  Addresses allowed;
  std::optional<std::string> first_refusal;
  for (const SocketAddress& address : *found) {
    auto refusal = policy_->refusal(address, store);
    if (!refusal) allowed.push_back(address);
    if (refusal && !first_refusal) first_refusal = std::move(refusal);
  }
  if (allowed.empty()) {
    co_return base::fail(base::ErrorCode::forbidden, first_refusal.value_or("the name has no address"));
  }
  co_return allowed;
}

Task<base::Result<Addresses>> GuardedDialer::find_addresses(Endpoint endpoint, Deadline deadline) {
  if (const auto literal = parse_spelled_address(endpoint.host)) {
    co_return Addresses{SocketAddress::from_ip(*literal, endpoint.port)};
  }
  co_return co_await names_.find(std::move(endpoint.host), endpoint.port, deadline);
}

}  // namespace cardea::net
