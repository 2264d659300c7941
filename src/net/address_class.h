// What kind of address an IP address is, whatever it is written in. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/address.hpp>

namespace cardea::net {

enum class AddressClass : std::uint8_t {
  global,           // anybody's
  private_network,  // RFC 1918, RFC 6598 (100.64/10), unique and site-local IPv6
  loopback,         // this machine
  unspecified,      // 0.0.0.0/8 and ::, which connect(2) takes for this machine
  link_local,       // 169.254/16 and fe80::/10, where clouds keep their metadata
  metadata,         // a metadata service of a cloud elsewhere: whoever asks it gets the machine's credentials
  multicast,
  reserved,  // 240/4 with the broadcast address, and what nobody should send to
};

// An IPv6 address that stands for an IPv4 one (mapped, compatible, translated, NAT64, 6to4) is of that one's
// class: a translator on the way would connect there.
[[nodiscard]] AddressClass classify(const boost::asio::ip::address& address);

// The address that the system's resolver makes of `host` without asking anybody: also "0177.0.0.1",
// "0x7f.1" and "2130706433", which are all 127.0.0.1. nullopt: it is a name.
[[nodiscard]] std::optional<boost::asio::ip::address> parse_spelled_address(const std::string& host);

// "a loopback address".
[[nodiscard]] std::string_view describe(AddressClass address_class);

}  // namespace cardea::net
