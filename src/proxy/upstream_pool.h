// Idle connections to upstreams, per worker: a request takes the one that was used last, or dials.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/strings.h"
#include "metrics/worker_counters.h"
#include "net/event_loop.h"
#include "net/guarded_dialer.h"
#include "net/stream.h"
#include "net/task.h"
#include "proxy/target.h"

namespace cardea::proxy {

class UpstreamPool;

// One connection to an upstream, leased to one exchange or idle in the pool.
class UpstreamConnection final : private net::TimerWheel::Timer {
 public:
  UpstreamConnection(net::Stream connected, std::string_view upstream_key)
      : stream(std::move(connected)), key_(upstream_key) {}

  net::Stream stream;
  bool reused = false;  // it served a request before

 private:
  friend class UpstreamPool;
  void on_expired() override;

  std::string key_;
  UpstreamPool* pool_ = nullptr;  // while idle
};

// Worker thread only.
class UpstreamPool {
 public:
  UpstreamPool(net::EventLoop& loop, metrics::WorkerCounters& counters,
               std::shared_ptr<const net::AddressPolicy> policy)
      : loop_(loop), counters_(counters), dialer_(loop, std::move(policy)) {}
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;
  ~UpstreamPool();

  // An idle connection, or nullptr.
  std::unique_ptr<UpstreamConnection> take_idle(const Target& target);
  // A new one; waits no longer than kDialTimeout, and kHandshakeTimeout over TLS. Errors as
  // net::GuardedDialer and tls::connect(), with source upstream. `target` outlives the call.
  net::Task<base::Result<std::unique_ptr<UpstreamConnection>>> dial(const Target& target);
  // Takes a connection back whose last response was read to its end and that may be used again. It is closed
  // after kUpstreamIdleTimeout, at once when the upstream ends it, or if kUpstreamIdleMax are idle already.
  void give_back(std::unique_ptr<UpstreamConnection> connection);

 private:
  friend class UpstreamConnection;
  void drop(UpstreamConnection& connection);

  net::EventLoop& loop_;
  metrics::WorkerCounters& counters_;
  net::GuardedDialer dialer_;
  std::unordered_map<std::string, std::vector<std::unique_ptr<UpstreamConnection>>, base::StringHash,
                     std::equal_to<>>
      idle_;
};

}  // namespace cardea::proxy
