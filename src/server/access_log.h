// The access log of one worker: makes lines of what happened and hands them over in chunks.
#pragma once

#include <cstdint>
#include <memory>

#include "http/exchange.h"
#include "metrics/access_log_writer.h"
#include "net/event_loop.h"

namespace cardea::server {

// Worker thread only. Costs no system call and no allocation per request: a line is written into a chunk that
// goes to the writer when it is full, and kAccessFlushInterval after its first line at the latest. When there
// is no chunk to write into, because the writer does not keep up, lines are dropped, counted, and the log
// tells how many.
class AccessLog final : private net::TimerWheel::Timer {
 public:
  // Both outlive this.
  AccessLog(net::EventLoop& loop, metrics::AccessLogWriter& writer) : loop_(loop), writer_(writer) {}

  // An exchange that is over.
  void add(const http::Exchange& exchange);
  // Gives the writer what is here, and tells it how many lines were dropped since the last time.
  void hand_over();

 private:
  void on_expired() override;
  // Whether there is a chunk with room for a line.
  bool make_room();

  net::EventLoop& loop_;
  metrics::AccessLogWriter& writer_;
  std::unique_ptr<metrics::AccessChunk> chunk_;
  bool timer_set_ = false;
  std::uint64_t dropped_ = 0;
};

}  // namespace cardea::server
