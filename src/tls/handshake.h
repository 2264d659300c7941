// The handshake of either side, once the Session exists.
#pragma once

#include "base/error.h"
#include "net/stream.h"
#include "net/task.h"
#include "tls/session.h"

namespace cardea::tls {

// One deadline for all reads and writes of a handshake, so that a byte now and then does not prolong it.
class HandshakeClock {
 public:
  HandshakeClock();
  // At least a millisecond.
  [[nodiscard]] net::Stream::Duration left() const;

 private:
  net::Clock::time_point deadline_;
};

// Reads and writes on `stream`, which has no codec yet, until the handshake is done. What the last step has
// to say (tickets, Finished) is queued, not sent; after an error the alert was sent. Error: protocol,
// timeout, closed.
net::Task<base::Status> run_handshake(net::Stream& stream, Session& session, const HandshakeClock& clock);

// The peer ended the connection before the handshake was done.
[[nodiscard]] std::unexpected<base::Error> closed_early();

}  // namespace cardea::tls
