// The proxy: one request from a client to its host's upstream and the response back.
#pragma once

#include <memory>

#include "http/exchange.h"
#include "metrics/worker_counters.h"
#include "net/event_loop.h"
#include "net/task.h"
#include "proxy/host.h"
#include "proxy/upstream_pool.h"

namespace cardea::proxy {

// Worker thread only.
class ProxyHandler {
 public:
  ProxyHandler(net::EventLoop& loop, metrics::WorkerCounters& counters,
               std::shared_ptr<const net::AddressPolicy> policy)
      : loop_(loop), pool_(loop, counters, std::move(policy)) {}

  // Serves `exchange` by `host`, which has a target. Always answers: with the upstream's response, or with an
  // error page, or (when a response had begun) by cutting the connection.
  net::Task<void> serve(http::Exchange& exchange, std::shared_ptr<const Host> host);

 private:
  net::EventLoop& loop_;
  UpstreamPool pool_;
};

}  // namespace cardea::proxy
