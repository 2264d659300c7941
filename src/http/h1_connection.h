// One client connection speaking HTTP/1.0 or 1.1: parse, serve, answer, again.
#pragma once

#include <string>

#include "http/connection_set.h"
#include "http/exchange.h"
#include "net/stream.h"
#include "net/task.h"

namespace cardea::http {

// Serves requests from `stream`, one after the other (pipelined ones in order), until the client leaves,
// breaks the protocol, is idle for kClientIdleTimeout, or the set drains. Owns the stream; the handler
// outlives the call.
net::Task<void> serve_h1(net::Stream stream, ConnectionInfo info, Handler& handler,
                         ConnectionSet& connections);

}  // namespace cardea::http
