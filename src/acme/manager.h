// Certificates from order to commit: which one is worked on, by whom, and how far it is.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "acme/client.h"
#include "base/error.h"
#include "http/client.h"
#include "net/remote_call.h"
#include "net/task.h"
#include "store/repositories.h"

namespace cardea::acme {

struct ManagerOptions {
  std::chrono::seconds poll_interval{};
  int polls_max = 0;
  std::chrono::days renewal_threshold{};
};

// Control thread only.
class Manager {
 public:
  // `on_saved` hears of every record that this manager stored.
  Manager(net::CallTarget control, boost::asio::thread_pool& pool, http::Client& http,
          store::Repositories& store, ManagerOptions options,
          std::function<void(const store::CertificateRecord&)> on_saved);
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // Obtains a certificate for the stored record `cert_name`, unless this or another node does already.
  // Returns at once; progress and outcome are in the store. The old certificate stays until the new one is
  // committed.
  void ensure(std::string cert_name);
  // Is it time to get a new certificate in place of one that expires then?
  [[nodiscard]] bool renewal_due(base::Time expires_at, base::Time now) const {
    return expires_at - now < options_.renewal_threshold;
  }

 private:
  struct Attempt;
  net::Task<void> run(std::string cert_name);
  // Extends the attempt's lease until it ends or is lost.
  net::Task<void> keep_lease(Attempt& attempt);
  net::Task<void> attempt(store::Lease lease, std::string cert_name);
  net::Task<base::Status> obtain(Attempt& attempt);
  net::Task<base::Status> prepare_account(Attempt& attempt);
  net::Task<base::Result<std::string>> drive_order(Attempt& attempt, OrderMachine& machine);
  net::Task<void> sleep_reporting(Attempt& attempt, const OrderMachine& machine,
                                  std::chrono::seconds duration);
  net::Task<void> do_request(Attempt& attempt, OrderMachine& machine, Request request);
  net::Task<base::Status> commit(Attempt& attempt, std::string_view chain_pem);
  net::Task<void> record_failure(Attempt& attempt, const base::Error& error);
  net::Task<base::Result<crypto::PrivateKey>> generate_key(crypto::KeyType type);
  net::Task<void> report(Attempt& attempt, std::string step, std::string message);
  Client& client_for(const std::string& directory_url);

  net::CallTarget control_;
  boost::asio::thread_pool& pool_;
  http::Client& http_;
  store::Repositories& store_;
  ManagerOptions options_;
  std::function<void(const store::CertificateRecord&)> on_saved_;
  std::map<std::string, std::unique_ptr<Client>> clients_;  // by directory URL
  std::set<std::string> running_;
};

}  // namespace cardea::acme
