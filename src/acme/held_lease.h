// A lease that is extended for as long as it is held.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "net/event_loop.h"
#include "net/task.h"
#include "net/task_group.h"
#include "store/lease_repository.h"

namespace cardea::acme {

// Loop thread only; `loop` and the repository outlive it. Release it explicitly; one that is only destroyed
// ends by itself after kIssuanceLease, as that of a node that died.
class HeldLease {
 public:
  // nullptr: somebody else holds it.
  static net::Task<base::Result<std::unique_ptr<HeldLease>>> acquire(net::EventLoop& loop,
                                                                     store::LeaseRepository& leases,
                                                                     std::string name);
  HeldLease(const HeldLease&) = delete;
  HeldLease& operator=(const HeldLease&) = delete;

  [[nodiscard]] const store::Lease& lease() const { return lease_; }
  // Another one took over: nothing more may be done in its name. What is stored is fenced anyway.
  [[nodiscard]] bool lost() const { return lost_; }
  // Asks the store. True: ours still, so nobody else can have finished before. To be called between reading
  // an object and writing it back: its generation then refuses what a pause between the two would do. Errors:
  // those of LeaseRepository::extend().
  net::Task<base::Result<bool>> confirm() const;
  net::Task<void> release();

 private:
  HeldLease(net::EventLoop& loop, store::LeaseRepository& leases, store::Lease lease);
  net::Task<void> extend_for_ever();

  net::EventLoop& loop_;
  store::LeaseRepository& leases_;
  store::Lease lease_;
  bool lost_ = false;
  net::TaskGroup tasks_;
};

}  // namespace cardea::acme
