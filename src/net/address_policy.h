// Where Cardea connects on behalf of who has a token, and where it never does: a guard against requests that
// are forged through it (SSRF).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/endpoint.h"
#include "net/socket_address.h"

namespace cardea::net {

struct AddressPolicyOptions {
  // UPSTREAM_ALLOWED: what may be reached besides public addresses.
  bool private_networks = false;
  bool loopback = false;
  bool unix_sockets = false;
  // Cardea's own listeners.
  std::vector<boost::asio::ip::address> listen_addresses = {};
  std::vector<std::uint16_t> listen_ports = {};
  // Redis, by name, address or path.
  Endpoint store = {};
};

// Immutable; any thread. A refusal is a sentence for the log and for who made the target; nullopt means
// allowed.
class AddressPolicy {
 public:
  explicit AddressPolicy(AddressPolicyOptions options) : options_(std::move(options)) {}

  // Of what `endpoint` says by itself, before any name is resolved: a literal address in any spelling, or the
  // path of a Unix socket. A name is allowed here: what it resolves to is judged at each connect.
  [[nodiscard]] std::optional<std::string> refusal(const Endpoint& endpoint) const;
  // Of an address that is about to be connected to. `store`: what store() resolves to now; needed only if
  // may_be_store(address.port()).
  [[nodiscard]] std::optional<std::string> refusal(const SocketAddress& address,
                                                   std::span<const SocketAddress> store) const;

  [[nodiscard]] bool may_be_store(std::uint16_t port) const {
    return !options_.store.host.empty() && options_.store.port == port;
  }
  [[nodiscard]] const Endpoint& store() const { return options_.store; }

 private:
  [[nodiscard]] std::optional<std::string> refusal_of_path(const std::string& path) const;
  [[nodiscard]] bool is_own_listener(const SocketAddress& address) const;

  AddressPolicyOptions options_;
};

}  // namespace cardea::net
