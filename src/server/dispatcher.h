// The first decision about every request of a worker: challenge, admin API, proxied host, or nothing.
#pragma once

#include <string>
#include <unordered_set>

#include "api/api.h"
#include "base/strings.h"
#include "http/exchange.h"
#include "metrics/worker_counters.h"
#include "net/event_loop.h"
#include "net/remote_call.h"
#include "proxy/host_table.h"
#include "proxy/proxy_handler.h"
#include "server/access_log.h"

namespace cardea::server {

using HostnameSet = std::unordered_set<std::string, base::StringHash, std::equal_to<>>;

// Where the API lives: its objects are touched on the control loop only.
struct ControlPort {
  net::CallTarget target;
  api::Api& api;
};

// Worker thread only.
class Dispatcher final : public http::Handler {
 public:
  Dispatcher(net::EventLoop& loop, const proxy::HostTable& hosts, const HostnameSet& admin_hosts,
             ControlPort control, metrics::WorkerCounters& counters,
             std::shared_ptr<const net::AddressPolicy> policy, AccessLog* access_log)
      : loop_(loop),
        hosts_(hosts),
        admin_hosts_(admin_hosts),
        control_(control),
        counters_(counters),
        proxy_(loop, counters, std::move(policy)),
        access_log_(access_log) {}

  void begin(http::ExchangeRecord& record) override;
  net::Task<void> serve(http::Exchange& exchange) override;
  void end(const http::Exchange& exchange) override;

 private:
  net::Task<void> serve_host(http::Exchange& exchange, std::string_view hostname);
  // False if nobody published that token: the request may be for the upstream's own ACME client.
  net::Task<bool> serve_challenge(http::Exchange& exchange);
  net::Task<void> serve_api(http::Exchange& exchange);
  // RFC 9110 §7.4: a name that the connection's certificate does not cover is answered by 421.
  [[nodiscard]] bool is_misdirected(const http::Exchange& exchange, std::string_view hostname) const;

  net::EventLoop& loop_;
  const proxy::HostTable& hosts_;
  const HostnameSet& admin_hosts_;
  ControlPort control_;
  metrics::WorkerCounters& counters_;
  proxy::ProxyHandler proxy_;
  http::RequestIds request_ids_;
  AccessLog* access_log_;  // outlives this; null: there is none
};

}  // namespace cardea::server
