// Names to addresses, by the system's resolver, off the loop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/event_loop.h"
#include "net/socket_address.h"
#include "net/task.h"

namespace cardea::net {

// getaddrinfo(3) on a thread of a small pool that the process shares. The system's own time limits hold
// (resolv.conf); whoever cannot wait that long gives up waiting, and the answer is dropped. Error
// (unavailable, retryable): the name does not resolve.
Task<base::Result<std::vector<SocketAddress>>> resolve(EventLoop& loop, std::string host, std::uint16_t port);

}  // namespace cardea::net
