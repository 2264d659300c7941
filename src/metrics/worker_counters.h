// What one worker counts.
#pragma once

#include "metrics/counter.h"

namespace cardea::metrics {

struct WorkerCounters {
  Counter connections;          // accepted
  Counter connections_refused;  // of clients that had too many, or for want of room
  Counter handshakes_completed;
  Counter handshakes_failed;
  Counter requests;              // whose head was read
  Counter upstream_connections;  // dialled; not one for each request, which may reuse one or need none
};

struct CounterTotals {
  std::uint64_t connections = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t handshakes_completed = 0;
  std::uint64_t handshakes_failed = 0;
  std::uint64_t requests = 0;
  std::uint64_t upstream_connections = 0;
};

// Adds one worker to the totals of the process.
void add_to(CounterTotals& totals, const WorkerCounters& worker);

}  // namespace cardea::metrics
