#include "acme/manager.h"

#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "crypto/random.h"

namespace cardea::acme {

Manager::Manager(net::CallTarget control, Environment& environment,
                 std::function<void(const store::CertificateRecord&)> on_saved)
    : control_(control),
      environment_(environment),
      poller_(environment),
      revoker_(environment),
      on_saved_(std::move(on_saved)) {}

void Manager::start() {
  control_.tasks.spawn("due certificates", look_for_ever());
}

void Manager::reschedule(store::CertificateRecord& record) const {
  acme::reschedule(record, environment_.options, base::now());
}

net::Task<void> Manager::look_for_ever() {
  while (!stopping_) {
    const std::size_t room = base::kWorkAtOnceMax - running_.size();
    std::size_t taken = 0;
    if (room > 0) {
      const base::Time now = base::now();
      // Without Redis nothing is ordered; what is due is still due when it is back.
      auto names = co_await environment_.store.due.claim(now, room, now + base::kDueClaim);
      if (names) {
        taken = names->size();
        // Claimed while this node was told to stop: somebody else's.
        for (std::string& name : *names) {
          if (stopping_) static_cast<void>(co_await environment_.store.due.move(name, now));
          work_on(std::move(name));
        }
      }
    }
    co_await control_.loop.sleep(taken == room || room == 0 ? base::kDueIntervalBusy : base::kDueInterval);
  }
}

void Manager::work_on(std::string cert_name) {
  if (stopping_ || running_.size() >= base::kWorkAtOnceMax || !running_.insert(cert_name).second) return;
  work_.spawn("certificate", run(std::move(cert_name)));
}

void Manager::take_up_waiting() {
  while (running_.size() < base::kWorkAtOnceMax) {
    auto cert_name = places_.next(running_);
    if (!cert_name) return;
    work_on(std::move(*cert_name));
  }
}

// Whatever a task ends by.
class Manager::Running {
 public:
  Running(Manager& manager, std::string cert_name) : manager_(manager), cert_name_(std::move(cert_name)) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    manager_.running_.erase(cert_name_);
    if (manager_.stopping_) return;
    manager_.leases_.erase(cert_name_);
    manager_.take_up_waiting();
  }

 private:
  Manager& manager_;
  std::string cert_name_;
};

net::Task<bool> Manager::stop() {
  stopping_ = true;
  work_.cancel_all();
  const auto leases = std::exchange(leases_, {});
  for (const auto& [cert_name, lease] : leases) {
    static_cast<void>(co_await environment_.store.leases.release(lease));
    static_cast<void>(co_await environment_.store.due.move(cert_name, base::now()));
  }
  co_return true;
}

net::Task<void> Manager::run(std::string cert_name) {
  const Running running(*this, cert_name);
  auto lease = co_await HeldLease::acquire(control_.loop, environment_.store.leases, "cert:" + cert_name);
  if (!lease) {
    base::log_warn("certificate {}: nothing is done: {}", cert_name, lease.error().to_string());
  } else if (*lease) {
    leases_.insert_or_assign(cert_name, (*lease)->lease());
    co_await work(**lease, cert_name);
    co_await (*lease)->release();
  } else {
    // Another node works on it, or did until it died: its lease tells which, soon.
    static_cast<void>(co_await environment_.store.due.move(cert_name, base::now() + base::kLeaseBusyDelay));
  }
}

net::Task<void> Manager::work(const HeldLease& lease, std::string cert_name) {
  // Read only now: another node may have finished between the decision and the lease.
  auto record = co_await environment_.store.certificates.load(cert_name);
  if (!record) {
    base::log_warn("certificate {}: {}", cert_name, record.error().to_string());
    co_return;
  }
  if (!*record) {
    static_cast<void>(co_await environment_.store.due.settle(cert_name, std::nullopt, std::nullopt));
    co_return;
  }
  switch (next_work((**record), base::now())) {
    case Work::order: co_return co_await order(lease, std::move(**record));
    case Work::revoke: {
      auto change = co_await revoker_.revoke(std::move(**record));
      static_cast<void>(co_await update(lease, cert_name, std::move(change)));
      co_return;
    }
    case Work::poll_renewal_info: {
      auto change = co_await poller_.poll(std::move(**record));
      static_cast<void>(co_await update(lease, cert_name, std::move(change)));
      co_return;
    }
    case Work::nothing: break;
  }
  store::CertificateRecord& idle = **record;
  const std::optional<base::Time> planned = idle.next_attempt_at;
  reschedule(idle);
  if (idle.next_attempt_at == planned) {
    // Nothing to store: a look must not wake up every node.
    static_cast<void>(
        co_await environment_.store.due.settle(cert_name, idle.generation, idle.next_action_at));
  } else {
    static_cast<void>(co_await update(lease, cert_name, [](store::CertificateRecord&) {}));
  }
}

net::Task<void> Manager::order(const HeldLease& lease, store::CertificateRecord record) {
  const std::string cert_name = record.cert_name;
  Attempt attempt(environment_, std::move(record), lease);
  const auto place = places_.take(attempt.directory_url());
  if (!place) {
    // Claimed as it is, it comes back should this node die; unless there is a place before.
    if (places_.wait(attempt.directory_url(), cert_name)) co_return;
    static_cast<void>(co_await environment_.store.due.move(cert_name, base::now() + base::kLeaseBusyDelay));
    co_return;
  }
  Outcome outcome = co_await attempt.run();
  co_await settle(lease, cert_name, attempt, std::move(outcome));
  static_cast<void>(co_await environment_.store.progress.erase(cert_name));
}

net::Task<void> Manager::settle(const HeldLease& lease, std::string cert_name, const Attempt& attempt,
                                Outcome outcome) {
  const base::Time now = base::now();
  if (auto* issued = std::get_if<Issued>(&outcome)) {
    base::log_info("certificate {}: stored, valid until {}", cert_name,
                   base::to_rfc3339(issued->record.expires_at.value_or(base::Time{})));
    on_saved_(issued->record);
  } else if (auto* failed = std::get_if<Failed>(&outcome)) {
    base::log_error("certificate {}: {}", cert_name, failed->error.to_string());
    attempt.client().forget_directory();  // its URLs may be what was wrong
    // Redis is away: that is no failure of this certificate, and could not be stored anyway.
    const bool redis_away = failed->error.source == base::ErrorSource::store &&
                            (failed->error.code == base::ErrorCode::unavailable ||
                             failed->error.code == base::ErrorCode::timeout);
    if (redis_away || lease.lost()) co_return;
    co_await hold_account(attempt, *failed);
    static_cast<void>(co_await update(lease, cert_name, [&](store::CertificateRecord& record) {
      if (attempt.is_outdated_by(record)) return;  // changed, perhaps for that reason: due at once
      settle_failure(record, *failed, attempt.history(), environment_.options, now, crypto::random_number());
    }));
  } else if (auto* postponed = std::get_if<Postponed>(&outcome)) {
    base::log_info("certificate {}: waits until {}: {}", cert_name, base::to_rfc3339(postponed->until),
                   postponed->because);
    static_cast<void>(co_await update(lease, cert_name, [&](store::CertificateRecord& record) {
      if (attempt.is_outdated_by(record)) return;
      settle_postponed(record, postponed->until, postponed->because, attempt.history(), environment_.options,
                       now);
    }));
  } else {
    base::log_info("certificate {}: {}", cert_name, std::get<Superseded>(outcome).why);
    if (!lease.lost()) static_cast<void>(co_await environment_.store.due.move(cert_name, now));
  }
}

// A CA that says when to come back means all that this account wants of it.
net::Task<void> Manager::hold_account(const Attempt& attempt, const Failed& failed) {
  if (!failed.retry_after) co_return;
  const base::Time now = base::now();
  store::AccountHold hold{now + *failed.retry_after, failed.error.context};
  static_cast<void>(co_await environment_.store.accounts.hold(attempt.directory_url(), attempt.email(),
                                                              std::move(hold), now));
}

net::Task<bool> Manager::update(const HeldLease& lease, std::string cert_name,
                                std::function<void(store::CertificateRecord&)> change) {
  for (int i = 0; i < base::kCommitAttemptsMax; ++i) {
    auto record = co_await environment_.store.certificates.load(cert_name);
    if (!record || !*record) co_return false;
    // The script refuses only who meets another holder. One that took over while we were paused may be done
    // and gone, and what was read is its work.
    auto held = co_await lease.confirm();
    if (!held || !*held) co_return false;
    change(**record);
    reschedule(**record);
    auto saved =
        co_await environment_.store.certificates.save(**record, (*record)->generation, lease.lease());
    if (saved) {
      (*record)->generation = *saved;
      on_saved_(**record);
      co_return true;
    }
    base::log_warn("certificate {}: its state could not be stored: {}", cert_name, saved.error().to_string());
    if (saved.error().code != base::ErrorCode::conflict || lease.lost()) co_return false;
  }
  co_return false;
}

}  // namespace cardea::acme
