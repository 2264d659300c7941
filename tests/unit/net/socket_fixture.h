// Ports and listening sockets for tests that connect.
#pragma once

#include <cstdint>

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/file_descriptor.h"
#include "net/socket_address.h"

namespace cardea::net {

// A port of 127.0.0.1 that is nobody else's for as long as this lives. Nothing listens there until listen();
// a Listener may listen there too.
class HeldPort {
 public:
  HeldPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    const auto any = SocketAddress::from_ip(boost::asio::ip::make_address("127.0.0.1"), 0);
    EXPECT_EQ(::bind(socket_.get(), any.data(), any.size()), 0);
  }
  void listen(int backlog = 8) const { EXPECT_EQ(::listen(socket_.get(), backlog), 0); }
  [[nodiscard]] std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }

 private:
  FileDescriptor socket_;
};

}  // namespace cardea::net
