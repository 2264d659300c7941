// An address in the form that system calls take: IPv4, IPv6 or Unix.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/ip/address.hpp>
#include <sys/socket.h>

namespace cardea::net {

// A value.
class SocketAddress {
 public:
  // Empty, to be filled by accept4(2) through data() and size_for_kernel().
  SocketAddress() : size_(sizeof storage_) {}
  static SocketAddress from_ip(const boost::asio::ip::address& address, std::uint16_t port);
  // nullopt: the path is longer than the kernel's 107 bytes.
  static std::optional<SocketAddress> from_path(const std::string& path);
  // A result of getaddrinfo(3).
  static SocketAddress from_raw(const sockaddr* address, socklen_t size);

  [[nodiscard]] int family() const { return storage_.ss_family; }
  // IPv4-mapped IPv6 becomes IPv4, a zone (%eth0) is dropped: it means nothing elsewhere; of a Unix socket:
  // 0.0.0.0.
  [[nodiscard]] boost::asio::ip::address to_ip() const;
  // Of an IP address; otherwise 0.
  [[nodiscard]] std::uint16_t port() const;
  // The same IP address with another port.
  [[nodiscard]] SocketAddress with_port(std::uint16_t port) const;

  [[nodiscard]] const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t size() const { return size_; }
  [[nodiscard]] socklen_t* size_for_kernel() { return &size_; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace cardea::net
