#include "net/client_connections.h"

namespace cardea::net {
namespace {

namespace ip = boost::asio::ip;

ClientConnections::Client client_of(const ip::address& peer) {
  if (peer.is_v4()) return {0, peer.to_v4().to_uint()};
  const auto bytes = peer.to_v6().to_bytes();
  std::uint64_t network = 0;
  for (std::size_t i = 0; i < sizeof network; ++i) network = network << 8U | bytes[i];
  return {network, 1};
}

}  // namespace

std::optional<ClientConnections::Slot> ClientConnections::take(const ip::address& peer) {
  const Client client = client_of(peer);
  std::size_t& count = counts_[client];
  if (count >= max_) return std::nullopt;
  ++count;
  return Slot(*this, client);
}

void ClientConnections::release(const Client& client) {
  const auto found = counts_.find(client);
  if (--found->second == 0) counts_.erase(found);
}

}  // namespace cardea::net
