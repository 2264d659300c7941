// Names to addresses, by the system's resolver, off the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/event_loop.h"
#include "net/socket_address.h"
#include "net/task.h"

namespace cardea::net {

using Addresses = std::vector<SocketAddress>;

// getaddrinfo(3) on a thread of its own, so that a name server that does not answer holds up nobody else. The
// whole process asks for one name once at a time, and for no more than kLookupsMax names, of which those that
// were slow lately (kSlowLookup) may be kSlowLookupsMax. The system's own time limits hold (resolv.conf);
// whoever cannot wait that long gives up waiting, and the answer is dropped.
//
// `done` is called on `loop`, from a turn of its own, with at least one address or an error (unavailable,
// retryable): the name does not resolve, or too many lookups are under way. The addresses have no port.
void look_up(EventLoop& loop, std::string host, std::function<void(base::Result<Addresses>)> done);

// The same, awaited; the addresses have `port`.
Task<base::Result<Addresses>> resolve(EventLoop& loop, std::string host, std::uint16_t port);

}  // namespace cardea::net
