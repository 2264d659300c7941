#include "server/control.h"

#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "net/race.h"
#include "server/redis_dialer.h"

namespace cardea::server {

namespace {

http::ClientOptions acme_client_options(const Config& config,
                                        std::shared_ptr<const net::AddressPolicy> policy) {
  return {.user_agent = "cardea/" CARDEA_VERSION,
          .ca_bundle = config.acme_ca_bundle,
          .timeout = base::kAcmeRequestTimeout,
          .body_bytes_max = base::kAcmeBodyBytesMax,
          .address_policy = std::move(policy)};
}

}  // namespace

Control::Control(const Config& config, std::vector<std::unique_ptr<Worker>>& workers,
                 tls::TicketKeys& tickets, std::shared_ptr<const tls::ClientContext> redis_tls,
                 std::shared_ptr<const net::AddressPolicy> policy)
    : config_(config),
      policy_(std::move(policy)),
      workers_(workers),
      dialer_(make_redis_dialer(loop_, config.redis, std::move(redis_tls))),
      redis_(loop_, tasks_, dialer_, config.redis),
      store_(redis_),
      publisher_(workers, tickets),
      http_client_(loop_, acme_client_options(config, nullptr)),
      guarded_http_client_(loop_, acme_client_options(config, policy_)),
      clients_(http_client_, config.acme_directory_url, guarded_http_client_),
      keys_(pool_, loop_),
      accounts_(loop_, keys_, store_, config.acme_external_accounts),
      ledger_(store_.ledger, config.acme_rate_limits),
      acme_{.loop = loop_,
            .store = store_,
            .clients = clients_,
            .keys = keys_,
            .accounts = accounts_,
            .ledger = ledger_,
            .options = {.poll_interval = config.acme_poll_interval,
                        .polls_max = config.acme_poll_attempts_max,
                        .renewal_threshold = config.renewal_threshold,
                        .check_interval = config.renewal_check_interval}},
      manager_({loop_, tasks_}, acme_,
               [this](const store::CertificateRecord& record) { publisher_.put_certificate(record); }),
      authenticator_(store_.tokens),
      services_(make_services()),
      api_(services_),
      changes_(
          loop_, dialer_, config.redis, [this](store::Change change) { return apply(std::move(change)); },
          [this] { return reconcile(); }) {}

Control::~Control() = default;

api::Services Control::make_services() {
  return {
      .store = store_,
      .authenticator = authenticator_,
      .manager = manager_,
      .loop = loop_,
      .defaults = {.directory_url = config_.acme_directory_url,
                   .address_policy = *policy_,
                   .key_type = std::string(crypto::to_string(config_.cert_key_type))},
      .address_policy = *policy_,
      .admin_hosts = {config_.admin_hosts.begin(), config_.admin_hosts.end()},
      .on_target_saved = [this](const store::TargetRecord& record) { publisher_.put_target(record); },
      .on_target_erased = [this](const std::string& hostname) { publisher_.remove_target(hostname); },
      .on_certificate_saved = [this](const store::CertificateRecord& r) { publisher_.put_certificate(r); },
      .on_certificate_erased = [this](const std::string& name) { publisher_.remove_certificate(name); },
      .redis_connected = [this] { return redis_.connected(); },
      .certificates_loaded = [this] { return publisher_.certificates_loaded(); },
      .counters =
          [this] {
            metrics::CounterTotals totals;
            for (const auto& worker : workers_) metrics::add_to(totals, worker->counters());
            return totals;
          }};
}

void Control::run(std::function<void()> on_loaded) {
  loop_.post([this, on_loaded = std::move(on_loaded)]() mutable {
    redis_.start();
    changes_.start(tasks_);
    tasks_.spawn("first load", announce_first_load(std::move(on_loaded)));
    manager_.start();
  });
  thread_ = std::thread([this] {
    loop_.run();
    tasks_.cancel_all();
  });
}

void Control::stop() {
  loop_.post([this] { tasks_.spawn("end", end_work()); });
  if (thread_.joinable()) thread_.join();
  pool_.stop();  // keys that wait their turn are nobody's any more: an RSA key takes seconds
  pool_.join();
}

net::Task<void> Control::end_work() {
  static_cast<void>(co_await net::with_deadline(loop_, base::kWorkEndTimeout, manager_.stop()));
  loop_.stop();
}

net::Task<void> Control::announce_first_load(std::function<void()> on_loaded) {
  const auto deadline = net::EventLoop::now() + base::kFirstLoadTimeout;
  while (!loaded_ && net::EventLoop::now() < deadline) co_await loop_.sleep(net::TimerWheel::kTick);
  if (!loaded_) base::log_warn("starting without Redis: no host is known until it is reachable");
  on_loaded();
}

net::Task<base::Status> Control::reconcile() {
  auto ready = co_await redis_.wait_connected(base::kRedisCommandTimeout);
  if (!ready) co_return ready;
  if (!loaded_) {
    auto rebuilt = co_await store::rebuild_indexes(redis_);
    if (!rebuilt) co_return rebuilt;
  }
  publisher_.expect_content();
  auto certificates = co_await store_.certificates.list_all();
  if (!certificates) co_return std::unexpected(certificates.error());
  auto targets = co_await store_.targets.list_all();
  if (!targets) co_return std::unexpected(targets.error());
  Publisher::Content content{std::move(targets->records), std::move(certificates->records),
                             std::move(certificates->unreadable)};
  content.unreadable.insert(content.unreadable.end(), targets->unreadable.begin(), targets->unreadable.end());
  publisher_.reconcile(content);
  // The queue is derived from the objects: what it lacks, whatever the reason, is looked at soon.
  std::vector<store::DueQueue::Entry> due;
  for (const store::CertificateRecord& record : content.certificates) {
    const bool sleeps = !record.next_action_at && record.attempts > 0;
    if (!sleeps) due.push_back({record.cert_name, record.next_action_at.value_or(base::now())});
  }
  auto queued = co_await store_.due.add_missing(std::move(due));
  if (!queued) co_return queued;
  base::log_info("loaded {} proxy targets and {} certificates from Redis", content.targets.size(),
                 content.certificates.size());
  loaded_ = true;
  co_return base::Status{};
}

net::Task<base::Status> Control::apply(store::Change change) {
  const bool erased = change.op == store::ChangeOp::erase;
  if (change.kind == store::ObjectKind::certificate) {
    auto record = co_await store_.certificates.load(change.name);
    if (!record) co_return std::unexpected(record.error());
    // Erased and made again since: what is stored now decides.
    if (*record) publisher_.put_certificate(**record);
    if (!*record && erased) publisher_.remove_certificate(change.name);
  } else if (change.kind == store::ObjectKind::target) {
    auto record = co_await store_.targets.load(change.name);
    if (!record) co_return std::unexpected(record.error());
    if (*record) publisher_.put_target(**record);
    if (!*record && erased) publisher_.remove_target(change.name);
  }
  co_return base::Status{};
}

}  // namespace cardea::server
