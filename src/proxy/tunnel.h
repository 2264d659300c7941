// What follows a 101: bytes pass both ways as they are, until both sides have ended.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "http/exchange.h"
#include "net/completion.h"
#include "net/deadline.h"
#include "net/event_loop.h"
#include "net/stream.h"
#include "net/task.h"
#include "net/task_group.h"

namespace cardea::proxy {

// Lives for one run(). Worker thread only. Holds no more than one buffer for each direction: who reads slowly
// slows the other side down.
class Tunnel {
 public:
  // The exchange has started its tunnel, with check_interval(); `upstream` has answered 101.
  Tunnel(net::EventLoop& loop, http::Exchange& exchange, net::Stream& upstream)
      : exchange_(exchange), upstream_(upstream), uploaded_(loop) {}
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  // Ends when both directions have ended. When one breaks, or nothing passes either way for
  // kTunnelIdleTimeout (kTunnelHalfClosedTimeout once a side has ended), both are cut.
  net::Task<void> run();
  [[nodiscard]] static net::Stream::Duration check_interval();

 private:
  net::Task<void> upload();
  net::Task<bool> relay_up();
  net::Task<bool> relay_down();
  // Sends what is queued for one side. It may take its time for as long as the tunnel is not idle. False:
  // that direction ends.
  net::Task<bool> flush_upstream();
  net::Task<bool> flush_client();
  // Whether a flush goes on that ended with `error`; `taken`: some of what was queued left meanwhile.
  bool goes_on(const base::Error& error, std::size_t taken);
  // Whether a wait that brought nothing is a reason to end the tunnel.
  [[nodiscard]] bool is_idle() const;
  void note_progress() { moved_at_ = net::EventLoop::now(); }
  void cut();
  // For a direction that ends by the fault of `side`: false.
  bool broken_by(http::ExchangeRecord::Aborted side);
  // The same for a wait at `side` that brought nothing.
  bool broken_by(http::ExchangeRecord::Aborted side, const base::Error& error);

  http::Exchange& exchange_;
  net::Stream& upstream_;
  net::Completion uploaded_;
  net::Clock::time_point moved_at_ = net::EventLoop::now();
  bool half_closed_ = false;
  net::TaskGroup tasks_;  // last: the upload uses everything above
};

}  // namespace cardea::proxy
