#include "metrics/worker_counters.h"

namespace cardea::metrics {

void add_to(CounterTotals& totals, const WorkerCounters& worker) {
  totals.connections += worker.connections.value();
  totals.connections_refused += worker.connections_refused.value();
  totals.handshakes_completed += worker.handshakes_completed.value();
  totals.handshakes_failed += worker.handshakes_failed.value();
  totals.requests += worker.requests.value();
  totals.upstream_connections += worker.upstream_connections.value();
}

}  // namespace cardea::metrics
