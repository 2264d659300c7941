// One attempt to get a certificate: account, order, verification, commit, under a lease.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "acme/accounts.h"
#include "acme/environment.h"
#include "acme/failure.h"
#include "acme/held_lease.h"
#include "acme/order_machine.h"
#include "acme/schedule.h"
#include "base/clock.h"
#include "net/task.h"
#include "store/certificate_record.h"
#include "store/order_record.h"

namespace cardea::acme {

// The record as it was committed.
struct Issued {
  store::CertificateRecord record;
};
// Nothing failed, but nothing can be done before `until`; what was begun stays in the store.
struct Postponed {
  base::Time until;
  std::string because;  // a sentence
};
// The certificate was changed or deleted meanwhile, or another node took over: what was done is of no use.
struct Superseded {
  std::string why;
};
using Outcome = std::variant<Issued, Failed, Postponed, Superseded>;

// Loop thread only. Lives for one run(); `lease` is held during it. An order that a crash or an earlier
// attempt left is taken up if it is still what the record wants.
class Attempt {
 public:
  Attempt(Environment& environment, store::CertificateRecord record, const HeldLease& lease);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  net::Task<Outcome> run();
  // Also when run() failed: what happened so far.
  [[nodiscard]] const std::vector<store::HistoryEntry>& history() const { return history_; }
  // Which CA was asked, and whose account.
  [[nodiscard]] const std::string& directory_url() const { return directory_url_; }
  [[nodiscard]] const std::string& email() const { return record_.email; }
  [[nodiscard]] Client& client() const { return *client_; }
  // Whether `record` still asks for what this attempt is about. A change of something else is no reason to
  // throw away what came of it.
  [[nodiscard]] bool is_for(const store::CertificateRecord& record) const;
  // Whether somebody wants another attempt than this one, or this one again, since it began: its failure is
  // then not what decides when the next one is.
  [[nodiscard]] bool is_outdated_by(const store::CertificateRecord& record) const;

 private:
  // nullopt: go on.
  using Stop = std::optional<Outcome>;
  net::Task<Stop> prepare();
  net::Task<Stop> take_up_order();
  net::Task<Stop> begin_order();
  // What the certificate asks of the CA, without a key yet. Failed: the CA does not have the profile.
  [[nodiscard]] Attempted<store::OrderRecord> plan_order() const;
  // Of the order as it is planned or made.
  [[nodiscard]] LedgerOrder ledger_order(const store::OrderRecord& order) const;
  // Counts it among what the CA allows.
  net::Task<Stop> reserve(store::OrderRecord order);
  [[nodiscard]] AccountRequest account_request() const;
  net::Task<void> count_failure(const Failed& failed);
  net::Task<Outcome> obtain();
  // With a new account URL or a new order; false: that was tried already, or is not the reason. `failed`
  // becomes what kept the account from being had.
  net::Task<bool> mend(Failed& failed);
  [[nodiscard]] base::Result<OrderPlan> make_plan() const;

  net::Task<Outcome> drive(OrderMachine& machine);
  net::Task<void> do_request(OrderMachine& machine, Request request);
  // A CA that has too much to do means all that this account wants of it, not this order alone.
  net::Task<void> hold_account_if_asked(const Response& response);
  net::Task<base::Status> remember(const RememberOrder& what);
  net::Task<base::Status> publish(const PublishChallenge& challenge);
  net::Task<void> withdraw(const WithdrawChallenges& what);
  net::Task<void> sleep(const OrderMachine& machine, std::chrono::seconds duration);

  net::Task<Outcome> commit(std::string chain_pem);
  net::Task<Outcome> store_issued(NewCertificate made);
  net::Task<void> count_issued();
  net::Task<void> drop_order();
  net::Task<void> give_back(store::OrderRecord order);
  net::Task<void> report(std::string_view step, std::string message);
  void remember_exchange(std::string_view step, std::string message, int status);
  [[nodiscard]] bool order_fits(const store::OrderRecord& order) const;

  Environment& environment_;
  store::CertificateRecord record_;
  const HeldLease& lease_;
  std::string directory_url_;
  std::shared_ptr<Client> client_;
  std::optional<Directory> directory_;
  std::optional<Account> account_;
  std::optional<store::OrderRecord> order_;
  std::optional<crypto::PrivateKey> key_;
  std::vector<store::HistoryEntry> history_;
  bool account_renewed_ = false;
  bool order_renewed_ = false;
};

}  // namespace cardea::acme
