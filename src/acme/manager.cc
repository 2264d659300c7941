#include "acme/manager.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "acme/verify.h"
#include "base/limits.h"
#include "base/log.h"
#include "crypto/csr.h"
#include "crypto/jwk.h"
#include "net/remote_call.h"

namespace cardea::acme {
namespace {

std::string lease_name(const std::string& cert_name) {
  return "cert:" + cert_name;
}

}  // namespace

// Everything that one attempt gathers on its way.
struct Manager::Attempt {
  store::CertificateRecord record;
  std::uint64_t loaded_generation = 0;
  store::Lease lease;
  Client* client = nullptr;
  std::optional<Directory> directory;
  std::optional<crypto::PrivateKey> account_key;
  std::string account_url;
  std::optional<crypto::PrivateKey> certificate_key;

  bool lease_lost = false;  // another node took over: nothing of this attempt may be stored

  [[nodiscard]] Signer signer() const { return {*account_key, account_url}; }
};

Manager::Manager(net::CallTarget control, boost::asio::thread_pool& pool, http::Client& http,
                 store::Repositories& store, ManagerOptions options,
                 std::function<void(const store::CertificateRecord&)> on_saved)
    : control_(control),
      pool_(pool),
      http_(http),
      store_(store),
      options_(options),
      on_saved_(std::move(on_saved)) {}

Client& Manager::client_for(const std::string& directory_url) {
  auto& client = clients_[directory_url];
  if (!client) client = std::make_unique<Client>(http_, directory_url);
  return *client;
}

void Manager::ensure(std::string cert_name) {
  if (!running_.insert(cert_name).second) return;
  control_.tasks.spawn("certificate", run(std::move(cert_name)));
}

net::Task<void> Manager::run(std::string cert_name) {
  for (;;) {
    auto lease = co_await store_.leases.acquire(lease_name(cert_name), base::kIssuanceLease);
    if (!lease) {
      // Without Redis nothing is ordered; what is pending is taken up again when it is back.
      base::log_warn("certificate {}: nothing is ordered: {}", cert_name, lease.error().to_string());
      break;
    }
    if (*lease) {
      co_await attempt(**lease, cert_name);
      static_cast<void>(co_await store_.leases.release(**lease));
      break;
    }
    // Another node works on it, or did until it died. Look again when its lease must have been extended or
    // have ended.
    base::log_info("certificate {}: another node works on it", cert_name);
    co_await control_.loop.sleep(base::kIssuanceLease);
    auto record = co_await store_.certificates.load(cert_name);
    if (!record || !*record || (*record)->status != store::CertificateStatus::pending) break;
  }
  running_.erase(cert_name);
}

net::Task<void> Manager::keep_lease(Attempt& attempt) {
  while (!attempt.lease_lost) {
    co_await control_.loop.sleep(base::kIssuanceLease / 3);
    auto held = co_await store_.leases.extend(attempt.lease, base::kIssuanceLease);
    // Redis may be away for a moment; the commit is fenced, whatever we believe.
    if (held) attempt.lease_lost = !*held;
  }
}

net::Task<void> Manager::attempt(store::Lease lease, std::string cert_name) {
  // Read only now: another node may have finished between the decision and the lease.
  auto record = co_await store_.certificates.load(cert_name);
  if (!record || !*record) {
    base::log_warn("certificate {}: {}", cert_name, record ? "it was deleted" : record.error().to_string());
    co_return;
  }
  Attempt attempt;
  attempt.record = std::move(**record);
  attempt.loaded_generation = attempt.record.generation;
  attempt.lease = std::move(lease);
  net::TaskGroup keeper;  // after `attempt`: it ends first
  keeper.spawn("lease", keep_lease(attempt));
  auto done = co_await obtain(attempt);
  if (!done) co_await record_failure(attempt, done.error());
  static_cast<void>(co_await store_.progress.erase(cert_name));
}

net::Task<base::Status> Manager::obtain(Attempt& attempt) {
  attempt.client = &client_for(attempt.record.acme_directory_url);
  co_await report(attempt, "account", "Preparing the account at the CA");
  auto prepared = co_await prepare_account(attempt);
  if (!prepared) co_return prepared;
  auto key = co_await generate_key(
      crypto::parse_key_type(attempt.record.key_type).value_or(crypto::KeyType::rsa2048));
  if (!key) co_return std::unexpected(key.error());
  attempt.certificate_key = std::move(*key);
  auto csr = crypto::make_csr_der(*attempt.certificate_key, attempt.record.domains);
  auto thumbprint = crypto::jwk_thumbprint(*attempt.account_key);
  if (!csr) co_return std::unexpected(csr.error());
  if (!thumbprint) co_return std::unexpected(thumbprint.error());
  OrderMachine machine({.domains = attempt.record.domains,
                        .account_thumbprint = std::move(*thumbprint),
                        .csr_der = std::move(*csr),
                        .new_order_url = attempt.directory->new_order,
                        .order_url = {},
                        .poll_interval = options_.poll_interval,
                        .polls_max = options_.polls_max});
  auto chain = co_await drive_order(attempt, machine);
  if (!chain) co_return std::unexpected(chain.error());
  co_return co_await commit(attempt, *chain);
}

net::Task<base::Status> Manager::prepare_account(Attempt& attempt) {
  const store::CertificateRecord& record = attempt.record;
  auto directory = co_await attempt.client->directory();
  if (!directory) co_return std::unexpected(directory.error());
  attempt.directory = std::move(*directory);
  auto pem = co_await store_.accounts.load(record.acme_directory_url, record.email);
  if (!pem) co_return std::unexpected(pem.error());
  if (!*pem) {
    auto fresh = co_await generate_key(crypto::KeyType::rsa2048);
    if (!fresh) co_return std::unexpected(fresh.error());
    // Two nodes may get here at once: whoever stored first has the account, the other takes that key.
    auto winner =
        co_await store_.accounts.store_if_absent(record.acme_directory_url, record.email, fresh->to_pem());
    if (!winner) co_return std::unexpected(winner.error());
    *pem = std::move(*winner);
  }
  auto key = crypto::PrivateKey::from_pem(**pem);
  if (!key) co_return base::wrap(key.error(), "the stored account key");
  attempt.account_key = std::move(*key);
  auto url = co_await attempt.client->ensure_account(*attempt.account_key, record.email);
  if (!url) co_return std::unexpected(url.error());
  attempt.account_url = std::move(*url);
  co_return base::Status{};
}

// Does what the machine says until it has a chain or gives up.
net::Task<base::Result<std::string>> Manager::drive_order(Attempt& attempt, OrderMachine& machine) {
  for (;;) {
    co_await report(attempt, std::string(machine.step()), machine.describe());
    if (attempt.lease_lost)
      co_return base::fail(base::ErrorCode::conflict, "another node took over this certificate");
    Action action = machine.next();
    if (auto* request = std::get_if<Request>(&action)) {
      co_await do_request(attempt, machine, std::move(*request));
    } else if (auto* publish = std::get_if<PublishChallenge>(&action)) {
      auto stored = co_await store_.challenges.put(publish->token, publish->key_authorization);
      if (stored) machine.on_done();
      if (!stored) machine.on_failure(stored.error());
    } else if (auto* wait = std::get_if<Wait>(&action)) {
      co_await sleep_reporting(attempt, machine, wait->duration);
      machine.on_done();
    } else if (auto* withdraw = std::get_if<WithdrawChallenges>(&action)) {
      for (const std::string& token : withdraw->tokens)
        static_cast<void>(co_await store_.challenges.erase(token));
      machine.on_done();
    } else if (auto* finished = std::get_if<Finished>(&action)) {
      co_return std::move(finished->pem_chain);
    } else {
      co_return std::unexpected(std::get<Failed>(std::move(action)).error);
    }
  }
}

// A CA may ask for an hour: whoever looks must still see that somebody is waiting.
net::Task<void> Manager::sleep_reporting(Attempt& attempt, const OrderMachine& machine,
                                         std::chrono::seconds duration) {
  for (std::chrono::seconds left = duration; left.count() > 0 && !attempt.lease_lost;
       left -= base::kOrderReportInterval) {
    co_await control_.loop.sleep(std::min<std::chrono::milliseconds>(left, base::kOrderReportInterval));
    co_await report(attempt, std::string(machine.step()), machine.describe());
  }
}

net::Task<void> Manager::do_request(Attempt& attempt, OrderMachine& machine, Request request) {
  auto response =
      co_await attempt.client->post(attempt.signer(), std::move(request.url), std::move(request.payload));
  if (response) {
    machine.on_response(*response, base::now());
  } else {
    machine.on_connection_lost(response.error());
  }
}

net::Task<base::Status> Manager::commit(Attempt& attempt, std::string_view chain_pem) {
  store::CertificateRecord& record = attempt.record;
  auto issued = verify_issued(chain_pem, *attempt.certificate_key, record.domains, base::now());
  if (!issued) co_return base::wrap(issued.error(), "the CA's certificate is refused");
  record.status = store::CertificateStatus::active;
  record.issued_at = issued->not_before;
  record.expires_at = issued->not_after;
  record.fingerprint = issued->fingerprint;
  record.fullchain_pem = chain_pem;
  record.private_key_pem = attempt.certificate_key->to_pem();
  record.last_error.clear();
  auto saved = co_await store_.certificates.save(record, attempt.loaded_generation, attempt.lease);
  if (!saved) co_return base::wrap(saved.error(), "storing the certificate");
  record.generation = *saved;
  base::log_info("certificate {}: issued by {}, valid until {}", record.cert_name, issued->issuer,
                 base::to_rfc3339(issued->not_after));
  on_saved_(record);
  co_return base::Status{};
}

net::Task<void> Manager::record_failure(Attempt& attempt, const base::Error& error) {
  const std::string& cert_name = attempt.record.cert_name;
  base::log_error("certificate {}: {}", cert_name, error.to_string());
  attempt.client->forget_directory();  // its URLs may be what was wrong
  if (attempt.lease_lost) co_return;
  auto current = co_await store_.certificates.load(cert_name);
  if (!current || !*current) co_return;
  store::CertificateRecord& record = **current;
  // The answer to our commit was lost, but not the commit.
  if (!attempt.record.fingerprint.empty() && record.fingerprint == attempt.record.fingerprint &&
      record.generation != attempt.loaded_generation) {
    on_saved_(record);
    co_return;
  }
  record.last_error = error.context;
  if (record.fullchain_pem.empty()) record.status = store::CertificateStatus::failed;
  // Under the lease: a failure must not get in the way of the node that works on it now.
  auto saved = co_await store_.certificates.save(record, record.generation, attempt.lease);
  if (!saved) {
    base::log_error("certificate {}: the failure could not be stored: {}", cert_name,
                    saved.error().to_string());
    co_return;
  }
  record.generation = *saved;
  on_saved_(record);
}

net::Task<base::Result<crypto::PrivateKey>> Manager::generate_key(crypto::KeyType type) {
  return net::offload<base::Result<crypto::PrivateKey>>(
      pool_, control_.loop, [type] { return crypto::PrivateKey::generate(type); });
}

net::Task<void> Manager::report(Attempt& attempt, std::string step, std::string message) {
  base::log_debug("certificate {}: {}", attempt.record.cert_name, message);
  // Progress is for people; losing a line of it must not stop the issuance.
  static_cast<void>(
      co_await store_.progress.put(attempt.record.cert_name, std::move(step), std::move(message)));
}

}  // namespace cardea::acme
