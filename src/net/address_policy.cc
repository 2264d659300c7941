#include "net/address_policy.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include <fmt/core.h>
#include <ifaddrs.h>

#include "net/address_class.h"

namespace cardea::net {
namespace {

namespace ip = boost::asio::ip;

// One of the machine's addresses now. Asked only for ports that are Cardea's or Redis's own.
bool is_local(const ip::address& address) {
  if (classify(address) == AddressClass::loopback) return true;
  ifaddrs* found = nullptr;
  if (getifaddrs(&found) != 0) return true;  // cannot tell: refused rather than let through
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(found, freeifaddrs);
  for (const ifaddrs* entry = found; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const bool v4 = entry->ifa_addr->sa_family == AF_INET;
    if (!v4 && entry->ifa_addr->sa_family != AF_INET6) continue;
    const auto size = static_cast<socklen_t>(v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    if (SocketAddress::from_raw(entry->ifa_addr, size).to_ip() == address) return true;
  }
  return false;
}

// What a URL that names Redis by an address, or by "localhost", means without asking a resolver.
std::vector<SocketAddress> spelled_store(const Endpoint& store) {
  if (store.host == "localhost") {
    return {SocketAddress::from_ip(ip::address_v4::loopback(), store.port),
            SocketAddress::from_ip(ip::address_v6::loopback(), store.port)};
  }
  const auto address = parse_spelled_address(store.host);
  if (!address) return {};
  return {SocketAddress::from_ip(*address, store.port)};
}

}  // namespace

std::optional<std::string> AddressPolicy::refusal(const Endpoint& endpoint) const {
  if (!endpoint.path.empty()) return refusal_of_path(endpoint.path);
  const auto address = parse_spelled_address(endpoint.host);
  if (!address) return std::nullopt;
  return refusal(SocketAddress::from_ip(*address, endpoint.port), spelled_store(options_.store));
}

std::optional<std::string> AddressPolicy::refusal(const SocketAddress& address,
                                                  std::span<const SocketAddress> store) const {
  const ip::address target = address.to_ip();
  const AddressClass address_class = classify(target);
  switch (address_class) {
    case AddressClass::global: break;
    case AddressClass::private_network:
      if (options_.private_networks) break;
      return fmt::format("{} is {}, which UPSTREAM_ALLOWED does not have (private)", target.to_string(),
                         describe(address_class));
    case AddressClass::loopback:
      if (options_.loopback) break;
      return fmt::format("{} is {}, which UPSTREAM_ALLOWED does not have (loopback)", target.to_string(),
                         describe(address_class));
    default:
      return fmt::format("{} is {}, where Cardea never connects", target.to_string(),
                         describe(address_class));
  }
  if (is_own_listener(address)) {
    return fmt::format("port {} of {} is Cardea itself: a request would go round in circles", address.port(),
                       target.to_string());
  }
  if (!may_be_store(address.port())) return std::nullopt;
  const bool is_store = std::ranges::any_of(store, [&](const SocketAddress& known) {
    // Redis may listen on more addresses of this machine than the one that REDIS_URL names.
    return known.to_ip() == target || (is_local(known.to_ip()) && is_local(target));
  });
  if (!is_store) return std::nullopt;
  return fmt::format("port {} of {} is Cardea's Redis", address.port(), target.to_string());
}

std::optional<std::string> AddressPolicy::refusal_of_path(const std::string& path) const {
  if (!options_.unix_sockets) return "Unix sockets are not in UPSTREAM_ALLOWED (unix)";
  std::error_code missing;
  const bool is_store =
      !options_.store.path.empty() &&
      (path == options_.store.path || std::filesystem::equivalent(path, options_.store.path, missing));
  if (is_store) return fmt::format("{} is Cardea's Redis", path);
  return std::nullopt;
}

bool AddressPolicy::is_own_listener(const SocketAddress& address) const {
  if (std::ranges::find(options_.listen_ports, address.port()) == options_.listen_ports.end()) return false;
  const ip::address target = address.to_ip();
  return std::ranges::any_of(options_.listen_addresses, [&](const ip::address& listening) {
    if (!listening.is_unspecified()) return listening == target;
    return listening.is_v4() == target.is_v4() && is_local(target);
  });
}

}  // namespace cardea::net
