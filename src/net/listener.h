// Accepting connections on one address for one worker. Every worker has its own listener on the same port
// (SO_REUSEPORT): the kernel spreads connections and no lock is shared.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ip/address.hpp>

#include "base/error.h"
#include "net/event_loop.h"
#include "net/stream.h"

namespace cardea::net {

struct AcceptedStream {
  Stream stream;
  boost::asio::ip::address peer;  // IPv4-mapped addresses are already IPv4
};

// Loop thread only.
class Listener final : private Poller::Watcher, private TimerWheel::Timer {
 public:
  // Binds and listens. Error: conflict (the port is taken), forbidden (no right to a port below 1024),
  // invalid (not an address of this machine); the sentence names address and port.
  static base::Result<std::unique_ptr<Listener>> open(EventLoop& loop, const std::string& address,
                                                      std::uint16_t port);
  // SO_REUSEPORT would let a second server of the same user share the port without a word: look first whether
  // the port is free. Errors as open().
  static base::Status check_free(const std::string& address, std::uint16_t port);
  ~Listener() override { close(); }

  // Hands each connection to `on_accepted` until close(). Out of descriptors: waits and goes on.
  void start(std::function<void(AcceptedStream)> on_accepted);
  void close();

 private:
  Listener(EventLoop& loop, FileDescriptor socket) : loop_(loop), socket_(std::move(socket)) {}
  void on_ready(std::uint32_t events) override;
  void on_expired() override;
  void pause(int error);

  EventLoop& loop_;
  FileDescriptor socket_;
  bool listening_ = false;  // the poller watches the socket
  std::function<void(AcceptedStream)> on_accepted_;
};

}  // namespace cardea::net
