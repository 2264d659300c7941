#include "server/worker.h"

#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "http/h1_connection.h"
#include "net/deadline.h"
#include "net/linger.h"
#include "net/proxy_protocol.h"
#include "net/remote_call.h"

namespace cardea::server {

class Worker::DrainTimer final : public net::TimerWheel::Timer {
 public:
  explicit DrainTimer(net::EventLoop& loop) : loop_(loop) {}

 private:
  void on_expired() override {
    base::log_warn("some connections did not end in time and are cut");
    loop_.stop();
  }
  net::EventLoop& loop_;
};

Worker::Worker(const Config& config, const HostnameSet& admin_hosts, ControlPort control,
               std::shared_ptr<tls::HostContext> fallback, std::shared_ptr<const net::AddressPolicy> policy,
               metrics::AccessLogWriter* access_log, std::size_t connections_max)
    : config_(config),
      connections_max_(connections_max),
      fallback_(std::move(fallback)),
      control_(control),
      access_log_(access_log == nullptr ? nullptr : std::make_unique<AccessLog>(loop_, *access_log)),
      dispatcher_(loop_, hosts_, admin_hosts, control, counters_, std::move(policy), access_log_.get()),
      clients_(config.client_connections_max),
      drain_timer_(std::make_unique<DrainTimer>(loop_)) {}

Worker::~Worker() = default;

base::Status Worker::listen() {
  for (const std::string& address : config_.listen_addresses) {
    for (auto [port, listeners] :
         {std::pair{config_.http_port, &http_listeners_}, std::pair{config_.https_port, &https_listeners_}}) {
      auto listener = net::Listener::open(loop_, address, port);
      if (!listener) return std::unexpected(listener.error());
      listeners->push_back(std::move(*listener));
    }
  }
  return {};
}

void Worker::run() {
  loop_.post([this] {
    for (auto& listener : http_listeners_) {
      listener->start(
          [this](net::AcceptedStream accepted) { accept(std::move(accepted), http::Scheme::http); });
    }
    for (auto& listener : https_listeners_) {
      listener->start(
          [this](net::AcceptedStream accepted) { accept(std::move(accepted), http::Scheme::https); });
    }
  });
  thread_ = std::thread([this] {
    loop_.run();
    // On this thread: what the tasks own belongs to it.
    serving_.cancel_all();
    if (access_log_) access_log_->hand_over();
  });
}

void Worker::accept(net::AcceptedStream accepted, http::Scheme scheme) {
  counters_.connections.add();
  if (serving_.size() >= connections_max_ && !connections_.close_longest_idle()) {
    counters_.connections_refused.add();
    return;
  }
  serving_.spawn("connection", establish(std::move(accepted), scheme));
}

net::Task<void> Worker::establish(net::AcceptedStream accepted, http::Scheme scheme) {
  if (config_.proxy_protocol_peers.contains(accepted.peer) && !co_await take_proxy_header(accepted))
    co_return;
  http::ConnectionInfo info = make_info(accepted.peer, scheme);
  if (!info.peer_is_trusted && !take_slot(info)) co_return;
  if (scheme == http::Scheme::https && !co_await shake_hands(accepted.stream, info)) co_return;
  // Not awaited: what was needed until here would be held for as long as the connection lives.
  serving_.spawn("connection",
                 http::serve_h1(std::move(accepted.stream), std::move(info), dispatcher_, connections_));
}

bool Worker::take_slot(http::ConnectionInfo& info) {
  if (auto slot = clients_.take(info.peer)) {
    info.slot.emplace(std::move(*slot));
    return true;
  }
  counters_.connections_refused.add();
  base::log_debug("{}: has {} connections with this worker already", info.peer_text,
                  config_.client_connections_max);
  return false;
}

net::Task<bool> Worker::take_proxy_header(net::AcceptedStream& accepted) const {
  const net::Deadline deadline(base::kHandshakeTimeout);
  for (;;) {
    const auto header = net::parse_proxy_header(accepted.stream.input().view());
    if (!header) {
      base::log_warn("{} is one of PROXY_PROTOCOL_PEERS, but sent {}; the connection is closed",
                     accepted.peer.to_string(), header.error());
      co_return false;
    }
    if (*header) {
      accepted.stream.input().consume((*header)->bytes);
      accepted.peer = (*header)->source.value_or(accepted.peer);
      co_return true;
    }
    auto more = co_await accepted.stream.read(deadline.left());
    if (!more || !*more || deadline.passed()) co_return false;
  }
}

http::ConnectionInfo Worker::make_info(const boost::asio::ip::address& peer, http::Scheme scheme) const {
  return {.scheme = scheme,
          .peer = peer,
          .peer_text = peer.to_string(),
          .server_name = {},
          .local_port = scheme == http::Scheme::https ? config_.https_port : config_.http_port,
          .trusted_proxies = &config_.trusted_proxies,
          .peer_is_trusted = config_.trusted_proxies.contains(peer),
          .tls_version = {},
          .certificate_names = nullptr,
          .slot = std::nullopt};
}

namespace {

// For who typed http:// and the port of HTTPS: an answer that a browser shows, instead of a reset connection.
net::Task<void> explain_https(net::Stream& stream) {
  if (!stream.is_open() || stream.codec() != nullptr) co_return;
  const std::string_view bytes = stream.input().view();
  const bool is_http = bytes.starts_with("GET ") || bytes.starts_with("HEAD ") || bytes.starts_with("POST ");
  if (!is_http) co_return;
  static constexpr std::string_view kBody =
      "400 Bad Request\n\nThis port speaks HTTPS: begin the address with https://\n";
  stream.output().append(
      fmt::format("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
                  kBody.size(), kBody));
  stream.input().consume(bytes.size());
  if (co_await stream.flush(base::kHandshakeTimeout)) stream.end_output();
}

}  // namespace

net::Task<bool> Worker::shake_hands(net::Stream& stream, http::ConnectionInfo& info) {
  auto tls = co_await tls::accept(stream, *this, handshake_thread_);
  if (!tls) {
    counters_.handshakes_failed.add();
    base::log_debug("{}: {}", info.peer_text, tls.error().to_string());
    co_await explain_https(stream);
    co_return false;
  }
  counters_.handshakes_completed.add();
  if (tls->is_challenge()) {
    base::log_debug("{}: has seen the tls-alpn-01 challenge of {}", info.peer_text, tls->server_name);
    co_await net::linger(stream);
    co_return false;
  }
  const auto host = hosts_.find(tls->server_name);
  if (host && host->certificate) info.certificate_names = {host, &host->certificate_names};
  info.server_name = std::move(tls->server_name);
  info.tls_version = tls->version;
  co_return true;
}

net::Task<base::Result<std::shared_ptr<const tls::ServerContext>>> Worker::context_for(
    std::string_view server_name) {
  const auto host = hosts_.find(server_name);
  if (host && host->certificate) {
    auto context = host->certificate->context();
    if (context) co_return context;
    base::log_error("{}: {}", host->name, context.error().to_string());
  }
  co_return fallback_->context();
}

net::Task<base::Result<std::shared_ptr<const tls::ServerContext>>> Worker::challenge_context_for(
    std::string_view server_name) {
  const std::string domain(server_name);
  auto found = co_await net::call_on<base::Result<std::optional<std::string>>>(
      control_.target, loop_, [&api = control_.api, domain] { return api.find_tls_alpn_challenge(domain); });
  if (!found) co_return base::wrap(found.error(), "looking for a tls-alpn-01 challenge of " + domain);
  if (!*found) {
    co_return base::fail(base::ErrorCode::not_found, "no tls-alpn-01 challenge is pending for " + domain,
                         base::ErrorSource::client);
  }
  co_return tls::ServerContext::make_challenge(domain, **found, base::now());
}

void Worker::put_host(std::shared_ptr<const proxy::Host> host) {
  loop_.post([this, host = std::move(host)]() mutable { hosts_.put(std::move(host)); });
}

void Worker::remove_host(std::string name) {
  loop_.post([this, name = std::move(name)] { hosts_.remove(name); });
}

void Worker::drain() {
  loop_.post([this] { begin_drain(); });
}

void Worker::begin_drain() {
  for (auto& listener : http_listeners_) listener->close();
  for (auto& listener : https_listeners_) listener->close();
  connections_.drain();
  if (serving_.size() == 0) return loop_.stop();
  loop_.set_timer(*drain_timer_, base::kDrainTimeout);
  serving_.on_empty([this] { loop_.stop(); });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace cardea::server
