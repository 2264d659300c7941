#include "net/socket_address.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <netinet/in.h>
#include <sys/un.h>

namespace cardea::net {
namespace {

namespace ip = boost::asio::ip;

}  // namespace

SocketAddress SocketAddress::from_ip(const ip::address& address, std::uint16_t port) {
  if (address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(address.to_v4().to_uint());
    return from_raw(reinterpret_cast<const sockaddr*>(&in), sizeof in);
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  const auto bytes = address.to_v6().to_bytes();
  std::memcpy(&in.sin6_addr, bytes.data(), bytes.size());
  in.sin6_scope_id = static_cast<std::uint32_t>(address.to_v6().scope_id());
  return from_raw(reinterpret_cast<const sockaddr*>(&in), sizeof in);
}

std::optional<SocketAddress> SocketAddress::from_path(const std::string& path) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  if (path.size() >= sizeof local.sun_path) return std::nullopt;
  std::memcpy(local.sun_path, path.c_str(), path.size() + 1);
  return from_raw(reinterpret_cast<const sockaddr*>(&local), sizeof local);
}

SocketAddress SocketAddress::from_raw(const sockaddr* address, socklen_t size) {
  SocketAddress result;
  result.size_ = std::min<socklen_t>(size, sizeof result.storage_);
  std::memcpy(&result.storage_, address, result.size_);
  return result;
}

ip::address SocketAddress::to_ip() const {
  if (family() == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &storage_, sizeof in);
    return ip::address_v4(ntohl(in.sin_addr.s_addr));
  }
  if (family() != AF_INET6) return ip::address_v4();
  sockaddr_in6 in{};
  std::memcpy(&in, &storage_, sizeof in);
  std::array<unsigned char, 16> bytes{};
  std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
  const ip::address_v6 address(bytes);
  if (address.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address);
  return address;
}

std::uint16_t SocketAddress::port() const {
  // sockaddr_in and sockaddr_in6 have it at the same place.
  if (family() != AF_INET && family() != AF_INET6) return 0;
  sockaddr_in in{};
  std::memcpy(&in, &storage_, sizeof in);
  return ntohs(in.sin_port);
}

SocketAddress SocketAddress::with_port(std::uint16_t port) const {
  SocketAddress other = *this;
  if (family() != AF_INET && family() != AF_INET6) return other;
  sockaddr_in in{};
  std::memcpy(&in, &other.storage_, sizeof in);
  in.sin_port = htons(port);
  std::memcpy(&other.storage_, &in, sizeof in);
  return other;
}

}  // namespace cardea::net
