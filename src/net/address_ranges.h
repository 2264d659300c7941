// A list of IP addresses and networks: "10.0.0.0/8, 192.0.2.7, 2001:db8::/32".
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "base/error.h"

namespace cardea::net {

// Immutable once made; any thread.
class AddressRanges {
 public:
  AddressRanges() = default;  // none
  // Separated by commas; "" gives none. Error (invalid), naming what is wrong: no address, a prefix that is
  // too long, or bits beyond it ("10.0.0.1/8" is one address or another network).
  static base::Result<AddressRanges> parse(std::string_view list);

  // IPv4-mapped IPv6 addresses count as IPv4; a zone is ignored.
  [[nodiscard]] bool contains(const boost::asio::ip::address& address) const;
  [[nodiscard]] bool empty() const { return ranges_.empty(); }

 private:
  using Bytes = std::array<std::uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d
  struct Range {
    Bytes first{};
    unsigned bits = 0;
  };
  static Bytes to_bytes(const boost::asio::ip::address& address);
  static bool has_prefix(const Bytes& bytes, const Range& range);
  static base::Result<Range> parse_range(std::string_view text);

  std::vector<Range> ranges_;
};

}  // namespace cardea::net
