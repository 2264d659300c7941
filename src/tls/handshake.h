// The handshake of either side, once the Session exists.
#pragma once

#include <memory>

#include "base/error.h"
#include "net/deadline.h"
#include "net/stream.h"
#include "net/task.h"
#include "tls/handshake_thread.h"
#include "tls/session.h"

namespace cardea::tls {

// Reads and writes on `stream`, which has no codec yet, until the handshake is done. What the last step has
// to say (tickets, Finished) is queued, not sent; after an error the alert was sent. Error: protocol,
// timeout, closed. Without `thread` every step runs on the caller's; `session` may be gone after an error.
net::Task<base::Status> run_handshake(net::Stream& stream, std::unique_ptr<Session>& session,
                                      const net::Deadline& deadline, HandshakeThread* thread = nullptr);

// The peer ended the connection before the handshake was done.
[[nodiscard]] std::unexpected<base::Error> closed_early();

}  // namespace cardea::tls
