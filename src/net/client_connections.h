// How many connections each client has on one worker: one that opens them without end must leave room for
// others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include <boost/asio/ip/address.hpp>

namespace cardea::net {

// Worker thread only. Outlives its slots.
class ClientConnections {
 public:
  explicit ClientConnections(std::size_t max_per_client) : max_(max_per_client) {}
  ClientConnections(const ClientConnections&) = delete;
  ClientConnections& operator=(const ClientConnections&) = delete;

  // An IPv4 address, or the /64 of an IPv6 address: whoever has one address of it has them all.
  using Client = std::pair<std::uint64_t, std::uint64_t>;

  // Held while a connection lives.
  class Slot {
   public:
    Slot(Slot&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), client_(other.client_) {}
    Slot& operator=(Slot&&) = delete;
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() {
      if (owner_ != nullptr) owner_->release(client_);
    }

   private:
    friend class ClientConnections;
    Slot(ClientConnections& owner, Client client) : owner_(&owner), client_(client) {}
    ClientConnections* owner_;
    Client client_;
  };

  // nullopt: the client has as many as it may have.
  [[nodiscard]] std::optional<Slot> take(const boost::asio::ip::address& peer);
  [[nodiscard]] std::size_t clients() const { return counts_.size(); }

 private:
  struct Hash {
    std::size_t operator()(const Client& client) const {
      return static_cast<std::size_t>((client.first ^ client.second) * 0x9e3779b97f4a7c15U);
    }
  };
  void release(const Client& client);

  std::size_t max_;
  std::unordered_map<Client, std::size_t, Hash> counts_;
};

}  // namespace cardea::net
