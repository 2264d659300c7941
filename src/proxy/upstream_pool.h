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
#include "net/task.h"
#include "proxy/target.h"
#include "proxy/upstream_connection.h"
#include "tls/session_cache.h"

namespace cardea::proxy {

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
  // net::GuardedDialer and tls::connect(), with source upstream. Over TLS it resumes a session of a
  // connection that was made for the same upstream_key. `target` outlives the call.
  net::Task<base::Result<std::unique_ptr<UpstreamConnection>>> dial(const Target& target);
  // Takes a connection back whose last request was sent and whose response was read to the end. It is closed
  // after kUpstreamIdleTimeout or the shorter time that the upstream has announced, and at once when the
  // upstream ends it, when it is not fit for another request, or if kUpstreamIdleMax are idle already.
  void give_back(std::unique_ptr<UpstreamConnection> connection);

 private:
  static constexpr std::size_t kListsKept = 64;
  friend class UpstreamConnection;
  void drop(UpstreamConnection& connection);
  void forget_empty_lists();

  net::EventLoop& loop_;
  metrics::WorkerCounters& counters_;
  net::GuardedDialer dialer_;
  std::shared_ptr<tls::SessionCache> tls_sessions_ = std::make_shared<tls::SessionCache>();
  std::unordered_map<std::string, std::vector<std::unique_ptr<UpstreamConnection>>, base::StringHash,
                     std::equal_to<>>
      idle_;
  std::size_t lists_max_ = kListsKept;  // more are looked through for empty ones
};

}  // namespace cardea::proxy
