#include "api/health.h"

namespace cardea::api {

Response Health::get() const {
  const bool redis = services_.redis_connected();
  const metrics::CounterTotals totals = services_.counters();
  boost::json::array problems;
  if (!redis)
    problems.emplace_back("Redis is not reachable: hosts are served from memory, nothing can be changed.");
  return json_response(200, {{"status", redis ? "healthy" : "degraded"},
                             // The renewal loop runs on the very thread that answers here.
                             {"scheduler", true},
                             {"redis", redis ? "healthy" : "unreachable"},
                             {"certificates_loaded", services_.certificates_loaded()},
                             {"https_enabled", true},
                             {"problems", std::move(problems)},
                             {"requests", totals.requests},
                             {"connections", totals.connections},
                             {"handshakes_completed", totals.handshakes_completed},
                             {"handshakes_failed", totals.handshakes_failed},
                             {"connections_refused", totals.connections_refused},
                             {"upstream_connections", totals.upstream_connections}});
}

}  // namespace cardea::api
