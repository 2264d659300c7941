// Opening connections.
#pragma once

#include <chrono>

#include "base/error.h"
#include "net/deadline.h"
#include "net/endpoint.h"
#include "net/event_loop.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "net/task.h"

namespace cardea::net {

// Connects to `endpoint`; a name is resolved now and its addresses are tried in turn. Everything together
// takes no longer than `limit`. Error: timeout; refused (nobody listens there, no route); unavailable (the
// name does not resolve). All are retryable: no byte was sent. `peer` is the source that this and the
// stream's errors name.
Task<base::Result<Stream>> dial(EventLoop& loop, Endpoint endpoint, std::chrono::milliseconds limit,
                                base::ErrorSource peer);

// Connects to the first of `addresses` that accepts; `endpoint` is what errors name. Otherwise as above.
Task<base::Result<Stream>> dial_any(EventLoop& loop, Addresses addresses, Endpoint endpoint,
                                    Deadline deadline, base::ErrorSource peer);

}  // namespace cardea::net
