// Accepting connections on one address for one worker. Every worker has its own listener on the same port
// (SO_REUSEPORT): the kernel spreads connections and no lock is shared.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "base/error.h"
#include "net/event_loop.h"
#include "net/stream.h"
#include "net/task.h"

namespace cardea::net {

struct AcceptedStream {
  Stream stream;
  boost::asio::ip::address peer;  // IPv4-mapped addresses are already IPv4
};

// Loop thread only.
class Listener {
 public:
  // Binds and listens. Error: conflict (the port is taken), forbidden (no right to a port below 1024),
  // invalid (not an address of this machine); the sentence names address and port.
  static base::Result<Listener> open(EventLoop& loop, const std::string& address, std::uint16_t port);

  // SO_REUSEPORT would let a second server of the same user share the port without a word: look first whether
  // the port is free. Errors as open().
  static base::Status check_free(const std::string& address, std::uint16_t port);

  // Accepts until close(), handing each connection to `on_accepted`. Out of descriptors: waits and goes on.
  Task<void> run(std::function<void(AcceptedStream)> on_accepted);
  // Stops accepting; run() ends.
  void close();

 private:
  Listener(EventLoop& loop, boost::asio::ip::tcp::acceptor acceptor)
      : loop_(&loop), acceptor_(std::move(acceptor)) {}

  EventLoop* loop_;
  boost::asio::ip::tcp::acceptor acceptor_;
  // Written by the accept that is under way: on the heap, so that a Listener can be moved before run().
  std::unique_ptr<boost::asio::ip::tcp::endpoint> peer_ = std::make_unique<boost::asio::ip::tcp::endpoint>();
};

}  // namespace cardea::net
