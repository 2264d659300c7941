// Certificates from order to renewal: takes what is due off the queue, one certificate per lease, and does
// it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "acme/attempt.h"
#include "acme/environment.h"
#include "acme/places.h"
#include "acme/renewal_poller.h"
#include "acme/revoker.h"
#include "base/error.h"
#include "net/remote_call.h"
#include "net/task.h"

namespace cardea::acme {

// Control thread only. Everything that it knows is in the store: any node can go on where another one
// stopped.
class Manager {
 public:
  // `on_saved` hears of every record that this manager stored.
  Manager(net::CallTarget control, Environment& environment,
          std::function<void(const store::CertificateRecord&)> on_saved);
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // Begins to look for due certificates, for as long as the control's tasks live. Call once, after the first
  // load.
  void start();
  // Ends all work and gives its leases back, so that another node, or this one after a restart, need not wait
  // for their end. Orders stay in the store as they are. Nothing is begun afterwards.
  net::Task<bool> stop();
  // Works on a certificate that is due without waiting for the next look. Returns at once; if this node has
  // enough to do or another one works on it, the queue brings it up again.
  void work_on(std::string cert_name);
  // Sets when the certificate comes up again, from what is in it. For those who change a record themselves.
  void reschedule(store::CertificateRecord& record) const;

 private:
  class Running;
  net::Task<void> look_for_ever();
  // Those who waited for a place that is free now.
  void take_up_waiting();
  net::Task<void> run(std::string cert_name);
  net::Task<void> work(const HeldLease& lease, std::string cert_name);
  net::Task<void> order(const HeldLease& lease, store::CertificateRecord record);
  net::Task<void> settle(const HeldLease& lease, std::string cert_name, const Attempt& attempt,
                         Outcome outcome);
  // Reads the record, lets `change` change it, and stores it; again if another write came first. False: it is
  // gone, or could not be stored; the queue brings it up again.
  net::Task<bool> update(const HeldLease& lease, std::string cert_name,
                         std::function<void(store::CertificateRecord&)> change);
  net::Task<void> hold_account(const Attempt& attempt, const Failed& failed);

  net::CallTarget control_;
  Environment& environment_;
  RenewalPoller poller_;
  Revoker revoker_;
  std::function<void(const store::CertificateRecord&)> on_saved_;
  std::set<std::string> running_;
  std::map<std::string, store::Lease> leases_;  // of what is running, by certificate
  Places places_;
  bool stopping_ = false;
  net::TaskGroup work_;  // last: it ends first
};

}  // namespace cardea::acme
