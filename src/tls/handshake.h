// The handshake of either side, once the Session exists.
#pragma once

#include "base/error.h"
#include "net/deadline.h"
#include "net/stream.h"
#include "net/task.h"
#include "tls/session.h"

namespace cardea::tls {

// Reads and writes on `stream`, which has no codec yet, until the handshake is done. What the last step has
// to say (tickets, Finished) is queued, not sent; after an error the alert was sent. Error: protocol,
// timeout, closed.
net::Task<base::Status> run_handshake(net::Stream& stream, Session& session, const net::Deadline& deadline);

// The peer ended the connection before the handshake was done.
[[nodiscard]] std::unexpected<base::Error> closed_early();

}  // namespace cardea::tls
