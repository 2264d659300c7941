#include "net/address_ranges.h"

#include <algorithm>
#include <string>

#include <fmt/core.h>

#include "base/strings.h"

namespace cardea::net {
namespace {

namespace ip = boost::asio::ip;

constexpr unsigned kBits = 128;
constexpr unsigned kMappedBits = 96;  // before the IPv4 address in ::ffff:a.b.c.d

}  // namespace

AddressRanges::Bytes AddressRanges::to_bytes(const ip::address& address) {
  const ip::address_v6 v6 =
      address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6();
  const auto bytes = v6.to_bytes();
  Bytes result{};
  std::ranges::copy(bytes, result.begin());
  return result;
}

bool AddressRanges::has_prefix(const Bytes& bytes, const Range& range) {
  const unsigned whole = range.bits / 8;
  if (!std::equal(bytes.begin(), bytes.begin() + whole, range.first.begin())) return false;
  const unsigned rest = range.bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return (bytes[whole] & mask) == (range.first[whole] & mask);
}

base::Result<AddressRanges::Range> AddressRanges::parse_range(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return base::fail(base::ErrorCode::invalid, fmt::format("\"{}\" {}", base::printable(text, 60), why));
  };
  const std::size_t slash = std::min(text.find('/'), text.size());
  boost::system::error_code malformed;
  const ip::address address = ip::make_address(std::string(text.substr(0, slash)), malformed);
  if (malformed) return refuse("is not an IP address or network");
  const unsigned before = address.is_v4() ? kMappedBits : 0;
  Range range{to_bytes(address), kBits};
  if (slash < text.size()) {
    const auto bits = base::parse_uint(text.substr(slash + 1), kBits - before);
    if (!bits) return refuse(fmt::format("must have a prefix of at most {} bits", kBits - before));
    range.bits = before + static_cast<unsigned>(*bits);
  }
  for (unsigned bit = range.bits; bit < kBits; ++bit) {
    if ((range.first[bit / 8] & (0x80 >> (bit % 8))) != 0) return refuse("has bits set beyond its prefix");
  }
  return range;
}

base::Result<AddressRanges> AddressRanges::parse(std::string_view list) {
  AddressRanges all;
  if (base::trim(list).empty()) return all;
  for (const std::string_view part : base::split(list, ',')) {
    auto range = parse_range(base::trim(part));
    if (!range) return std::unexpected(range.error());
    all.ranges_.push_back(*range);
  }
  return all;
}

bool AddressRanges::contains(const ip::address& address) const {
  if (ranges_.empty()) return false;
  const Bytes bytes = to_bytes(address);
  return std::ranges::any_of(ranges_, [&](const Range& range) { return has_prefix(bytes, range); });
}

}  // namespace cardea::net
