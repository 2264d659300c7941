// Where to dial: a host and port, or a Unix socket.
#pragma once

#include <cstdint>
#include <string>

namespace cardea::net {

struct Endpoint {
  std::string host;  // name or IP literal without brackets; empty for a Unix socket
  std::uint16_t port = 0;
  std::string path;  // of a Unix socket; empty otherwise

  bool operator==(const Endpoint&) const = default;
  [[nodiscard]] std::string to_string() const {
    if (!path.empty()) return "unix://" + path;
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }
};

}  // namespace cardea::net
