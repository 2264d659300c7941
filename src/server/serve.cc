#include "server/serve.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <future>
#include <memory>

#include <fmt/core.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "crypto/key.h"
#include "crypto/self_signed.h"
#include "server/control.h"
#include "server/redis_dialer.h"
#include "server/worker.h"

namespace cardea::server {
namespace {

// The certificate for clients that name no host of ours: nobody trusts it, but TLS can answer.
base::Result<std::shared_ptr<const tls::Credentials>> make_fallback() {
  auto key = crypto::PrivateKey::generate(crypto::KeyType::ec_p256);
  if (!key) return std::unexpected(key.error());
  auto certificate = crypto::make_self_signed(*key, "cardea.invalid", base::now() - std::chrono::hours(1),
                                              std::chrono::days(3650));
  if (!certificate) return std::unexpected(certificate.error());
  return std::make_shared<const tls::Credentials>(tls::Credentials{{certificate->der()}, key->der()});
}

// Each proxied connection takes two descriptors; the usual soft limit of 1024 ends at 500 clients.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) base::log_warn("the limit of open files stays low");
}

// How many clients each worker may have at once, so that there are descriptors left for upstreams, Redis and
// files. Two for a client: a proxied request has its upstream's connection.
std::size_t connections_per_worker(std::size_t workers) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = base::kDescriptorsMin;
  const std::size_t reserved = base::kDescriptorsReserved + workers * base::kDescriptorsPerWorker;
  const std::size_t left = std::max<std::size_t>(limit.rlim_cur, base::kDescriptorsMin + reserved) - reserved;
  const std::size_t clients = std::max(left / 2 / workers, base::kConnectionsPerWorkerMin);
  if (clients * workers < base::kFewConnections) {
    base::log_warn(
        "the limit of open files ({}) leaves room for {} connections of clients only; raise it (ulimit -n, "
        "LimitNOFILE= of systemd, ulimits of Docker)",
        limit.rlim_cur, clients * workers);
  }
  return clients;
}

// Connections give their buffers back when they fall silent. With glibc's usual thresholds a worker's heap
// then shrinks and grows again all the time, with page faults. What is kept instead is at most this much per
// thread.
void keep_freed_memory() {
  constexpr int kKeptBytes = 16 * 1024 * 1024;
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  mallopt(M_TOP_PAD, 1024 * 1024);
}

int cannot_start(const base::Error& error) {
  fmt::print(stderr, "cardea: {}\n", error.context);
  return kExitCannotStart;
}

base::Status check_ports(const Config& config) {
  for (const std::string& address : config.listen_addresses) {
    for (const std::uint16_t port : {config.http_port, config.https_port}) {
      auto free = net::Listener::check_free(address, port);
      if (!free) return free;
    }
  }
  return {};
}

extern "C" void end_at_once(int signal) {
  _exit(128 + signal);  // as a shell reports who was ended by a signal
}

// SIGTERM, SIGINT and SIGHUP, taken by the main thread alone. Made before any thread, so that all inherit the
// block.
class Signals {
 public:
  Signals() {
    sigemptyset(&end_);
    sigaddset(&end_, SIGTERM);
    sigaddset(&end_, SIGINT);
    all_ = end_;
    sigaddset(&all_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &all_, nullptr);
  }
  // Calls `on_hangup` for each SIGHUP and returns at the first of the others. A second one of those then ends
  // the process at once: by a handler, since the first process of a container has no default action.
  template <typename Fn>
  void wait_for_end(Fn on_hangup) const {
    int received = 0;
    while (sigwait(&all_, &received) != 0 || received == SIGHUP) {
      if (received == SIGHUP) on_hangup();
    }
    std::signal(SIGTERM, end_at_once);
    std::signal(SIGINT, end_at_once);
    pthread_sigmask(SIG_UNBLOCK, &end_, nullptr);
  }

 private:
  sigset_t end_{};
  sigset_t all_{};
};

// Null if there is to be none.
base::Result<std::unique_ptr<metrics::AccessLogWriter>> open_access_log(const Config& config) {
  if (config.access_log.empty()) return nullptr;
  return metrics::AccessLogWriter::open(config.access_log, config.workers * base::kAccessChunksPerWorkerMax);
}

class Server {
 public:
  Server(const Config& config, std::shared_ptr<const tls::Credentials> fallback,
         std::shared_ptr<const tls::ClientContext> redis_tls, metrics::AccessLogWriter* access_log)
      : config_(config),
        access_log_(access_log),
        admin_hosts_(config.admin_hosts.begin(), config.admin_hosts.end()),
        fallback_(std::make_shared<tls::HostContext>("", std::move(fallback), tickets_)),
        policy_(std::make_shared<const net::AddressPolicy>(config.address_policy)),
        control_(config, workers_, tickets_, std::move(redis_tls), policy_) {}

  base::Status listen() {
    const std::size_t connections_max = connections_per_worker(config_.workers);
    for (std::size_t i = 0; i < config_.workers; ++i) {
      workers_.push_back(std::make_unique<Worker>(config_, admin_hosts_, control_.port(), fallback_, policy_,
                                                  access_log_, connections_max));
      auto listening = workers_.back()->listen();
      if (!listening) return listening;
    }
    return {};
  }

  void run(const Signals& signals) {
    std::promise<void> loaded;
    control_.run([&loaded] { loaded.set_value(); });
    loaded.get_future().wait();  // no longer than kFirstLoadTimeout; a signal stays pending meanwhile
    for (auto& worker : workers_) worker->run();
    announce();
    signals.wait_for_end([this] {
      if (access_log_ != nullptr) access_log_->reopen();
    });
    base::log_info("stopping: no new connections; running requests may take {} s more",
                   base::kDrainTimeout.count());
    for (auto& worker : workers_) worker->drain();
    for (auto& worker : workers_) worker->join();
    if (access_log_ != nullptr) access_log_->stop();
    control_.stop();
    base::log_info("stopped");
  }

 private:
  void announce() const {
    std::string http, https;
    for (const std::string& address : config_.listen_addresses) {
      const bool v6 = address.find(':') != std::string::npos;
      const std::string host = v6 ? "[" + address + "]" : address;
      http += fmt::format("{}{}:{}", http.empty() ? "" : " ", host, config_.http_port);
      https += fmt::format("{}{}:{}", https.empty() ? "" : " ", host, config_.https_port);
    }
    base::log_info("cardea is ready: http on {}, https on {}, {} workers", http, https, workers_.size());
  }

  const Config& config_;
  metrics::AccessLogWriter* access_log_;  // null: there is none
  HostnameSet admin_hosts_;
  tls::TicketKeys tickets_;
  std::shared_ptr<tls::HostContext> fallback_;
  std::shared_ptr<const net::AddressPolicy> policy_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Control control_;
};

}  // namespace

int serve(const Config& config) {
  base::set_log_level(config.log_level);
  std::signal(SIGPIPE, SIG_IGN);  // libcurl may write to a closed connection; we see the error instead
  const Signals signals;
  raise_descriptor_limit();
  keep_freed_memory();
  auto fallback = make_fallback();
  if (!fallback) return cannot_start(fallback.error());
  auto redis_tls = make_redis_tls(config.redis, config.redis_ca_bundle);
  if (!redis_tls) return cannot_start(redis_tls.error());
  if (auto free = check_ports(config); !free) return cannot_start(free.error());
  auto access_log = open_access_log(config);
  if (!access_log) return cannot_start(access_log.error());
  Server server(config, std::move(*fallback), std::move(*redis_tls), access_log->get());
  if (auto listening = server.listen(); !listening) return cannot_start(listening.error());
  const base::BackgroundLog background_log;  // no worker waits for who reads standard error
  server.run(signals);
  return 0;
}

std::optional<Config> load_config() {
  auto config = read_config(read_environment);
  if (config) return std::move(*config);
  fmt::print(stderr, "cardea: the configuration (.env, loaded by just) has {} fault(s):\n",
             config.error().size());
  for (const std::string& fault : config.error()) fmt::print(stderr, "  {}\n", fault);
  return std::nullopt;
}

}  // namespace cardea::server
