// TCP's own probes, which find out that the peer of a quiet connection is gone.
#pragma once

#include <chrono>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/limits.h"

namespace cardea::net {

// Of a TCP socket; connections that a listening one accepts inherit it. False: the system refuses.
inline bool enable_keep_alive(int socket) {
  const auto set = [&](int level, int option, int value) {
    return setsockopt(socket, level, option, &value, sizeof value) == 0;
  };
  return set(IPPROTO_TCP, TCP_KEEPIDLE,
             static_cast<int>(std::chrono::seconds(base::kKeepAliveIdle).count())) &&
         set(IPPROTO_TCP, TCP_KEEPINTVL,
             static_cast<int>(std::chrono::seconds(base::kKeepAliveInterval).count())) &&
         set(IPPROTO_TCP, TCP_KEEPCNT, base::kKeepAliveProbesMax) && set(SOL_SOCKET, SO_KEEPALIVE, 1);
}

}  // namespace cardea::net
