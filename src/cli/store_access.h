// How a command reaches the store and the running server.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "net/event_loop.h"
#include "store/redis_connection.h"
#include "store/redis_options.h"

namespace cardea::cli {

struct StoreAccess {
  store::RedisOptions options;
  std::function<store::Dialer(net::EventLoop&)> make_dialer;
};

struct AdminAddress {
  std::string address;  // to connect to
  std::uint16_t port = 0;
  std::string host;  // one of ADMIN_HOSTS, for the Host field
};

}  // namespace cardea::cli
