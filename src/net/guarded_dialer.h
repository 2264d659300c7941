// Opening connections on behalf of who has a token: names are remembered, and every address is judged before
// anything is sent to it.
#pragma once

#include <chrono>
#include <memory>

#include "base/error.h"
#include "net/address_policy.h"
#include "net/endpoint.h"
#include "net/event_loop.h"
#include "net/name_cache.h"
#include "net/stream.h"
#include "net/task.h"

namespace cardea::net {

// Loop thread only, as NameCache; one per worker.
class GuardedDialer {
 public:
  GuardedDialer(EventLoop& loop, std::shared_ptr<const AddressPolicy> policy)
      : loop_(loop), policy_(std::move(policy)), names_(loop) {}

  // As net::dial(), to those addresses of `endpoint` that the policy allows. What a name resolves to is
  // judged each time, not once when somebody looked: an answer may be another one now (DNS rebinding). Error,
  // besides those of dial(): forbidden, if no address is allowed.
  Task<base::Result<Stream>> dial(Endpoint endpoint, std::chrono::milliseconds limit, base::ErrorSource peer);

 private:
  // The addresses of `endpoint` that are allowed, at least one.
  Task<base::Result<Addresses>> find_allowed(Endpoint endpoint, Deadline deadline);
  Task<base::Result<Addresses>> find_addresses(Endpoint endpoint, Deadline deadline);

  EventLoop& loop_;
  std::shared_ptr<const AddressPolicy> policy_;
  NameCache names_;
};

}  // namespace cardea::net
