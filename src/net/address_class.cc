#include "net/address_class.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace cardea::net {
namespace {

namespace ip = boost::asio::ip;
using V6Bytes = ip::address_v6::bytes_type;

struct V4Range {
  std::array<unsigned char, 4> network;
  unsigned bits;
  AddressClass address_class;
};

// The first match counts: single addresses stand before the ranges that they are in.
constexpr std::array<V4Range, 18> kV4Ranges = {{
    {{100, 100, 100, 200}, 32, AddressClass::metadata},  // Alibaba Cloud
    {{168, 63, 129, 16}, 32, AddressClass::metadata},    // Azure
    {{169, 254, 169, 254}, 32, AddressClass::metadata},  // AWS, Google, Azure and most others
    {{192, 0, 0, 192}, 32, AddressClass::metadata},      // Oracle Cloud
    {{0, 0, 0, 0}, 8, AddressClass::unspecified},        // RFC 1122 §3.2.1.3
    {{10, 0, 0, 0}, 8, AddressClass::private_network},
    {{100, 64, 0, 0}, 10, AddressClass::private_network},  // RFC 6598: carriers, and overlay networks
    {{127, 0, 0, 0}, 8, AddressClass::loopback},
    {{169, 254, 0, 0}, 16, AddressClass::link_local},
    {{172, 16, 0, 0}, 12, AddressClass::private_network},
    {{192, 0, 0, 0}, 24, AddressClass::reserved},    // RFC 6890
    {{192, 0, 2, 0}, 24, AddressClass::reserved},    // RFC 5737, as the two below: for documentation
    {{192, 88, 99, 0}, 24, AddressClass::reserved},  // RFC 7526: relays of 6to4
    {{192, 168, 0, 0}, 16, AddressClass::private_network},
    {{198, 18, 0, 0}, 15, AddressClass::private_network},  // RFC 2544: networks of test laboratories
    {{198, 51, 100, 0}, 24, AddressClass::reserved},
    {{203, 0, 113, 0}, 24, AddressClass::reserved},
    {{224, 0, 0, 0}, 4, AddressClass::multicast},
}};

struct V6Range {
  V6Bytes network;
  unsigned bits;
  AddressClass address_class;
};

constexpr std::array<V6Range, 13> kV6Ranges = {{
    {{}, 128, AddressClass::unspecified},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, AddressClass::loopback},
    // fd00:ec2::/32, of which ::254 is AWS's metadata service and ::23, ::253 are others of theirs.
    {{0xfd, 0x00, 0x0e, 0xc2}, 32, AddressClass::metadata},
    {{0xfd, 0x00, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x42}, 128, AddressClass::metadata},  // Scaleway
    // Oracle Cloud: fd00:c1::a9fe:a9fe; Linode: fd00:a9fe:a9fe::1.
    {{0xfd, 0x00, 0, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0xa9, 0xfe, 0xa9, 0xfe}, 128, AddressClass::metadata},
    {{0xfd, 0x00, 0xa9, 0xfe, 0xa9, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, AddressClass::metadata},
    // fd20:ce::254 is Google's.
    {{0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128, AddressClass::metadata},
    {{0xfe, 0x80}, 10, AddressClass::link_local},
    {{0xfe, 0xc0}, 10, AddressClass::private_network},  // RFC 3879: deprecated, but routed where it is used
    {{0xfc, 0x00}, 7, AddressClass::private_network},
    {{0xff}, 8, AddressClass::multicast},
    {{0x01, 0x00}, 64, AddressClass::reserved},              // RFC 6666: dropped
    {{0x20, 0x01, 0x0d, 0xb8}, 32, AddressClass::reserved},  // RFC 3849: for documentation
}};

// IPv6 ranges whose addresses hold an IPv4 address at `offset`.
struct Embedding {
  V6Bytes network;
  unsigned bits;
  std::size_t offset;
  AddressClass otherwise;  // if that IPv4 address is anybody's
};
constexpr std::array<Embedding, 6> kEmbeddings = {{
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12, AddressClass::global},  // RFC 4291: mapped
    {{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}, 96, 12, AddressClass::global},  // RFC 2765: translated
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12, AddressClass::global},                    // RFC 6052: NAT64
    {{0x00, 0x64, 0xff, 0x9b, 0, 1}, 48, 12, AddressClass::private_network},     // RFC 8215: NAT64
    {{0x20, 0x02}, 16, 2, AddressClass::global},                                 // RFC 3056: 6to4
    {{}, 96, 12, AddressClass::reserved},                                        // RFC 4291: compatible
}};

template <typename Bytes>
constexpr bool is_within(const Bytes& address, const Bytes& network, unsigned bits) {
  for (std::size_t i = 0; i < address.size() && bits > 0; ++i) {
    const unsigned here = std::min(bits, 8U);
    const unsigned mask = (0xff00U >> here) & 0xffU;
    if (((address[i] ^ network[i]) & mask) != 0) return false;
    bits -= here;
  }
  return true;
}

AddressClass classify_v4(const ip::address_v4::bytes_type& bytes) {
  for (const V4Range& range : kV4Ranges) {
    if (is_within<ip::address_v4::bytes_type>(bytes, range.network, range.bits)) return range.address_class;
  }
  return bytes[0] >= 240 ? AddressClass::reserved : AddressClass::global;
}

AddressClass classify_v6(const V6Bytes& bytes) {
  for (const V6Range& range : kV6Ranges) {
    if (is_within(bytes, range.network, range.bits)) return range.address_class;
  }
  for (const Embedding& embedding : kEmbeddings) {
    if (!is_within(bytes, embedding.network, embedding.bits)) continue;
    ip::address_v4::bytes_type inner{};
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(embedding.offset), inner.size(), inner.begin());
    const AddressClass found = classify_v4(inner);
    return found == AddressClass::global ? embedding.otherwise : found;
  }
  return AddressClass::global;
}

}  // namespace

AddressClass classify(const ip::address& address) {
  return address.is_v4() ? classify_v4(address.to_v4().to_bytes()) : classify_v6(address.to_v6().to_bytes());
}

std::optional<ip::address> parse_spelled_address(const std::string& host) {
  if (host.find('\0') != std::string::npos) return std::nullopt;
  boost::system::error_code not_a_literal;
  const ip::address literal = ip::make_address(host, not_a_literal);
  if (!not_a_literal) return literal;
  // inet_aton() stops at a space and would ignore what follows.
  const bool numeric = std::ranges::all_of(host, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == 'x' ||
           c == 'X' || c == '.';
  });
  in_addr address{};
  if (!numeric || host.empty() || inet_aton(host.c_str(), &address) == 0) return std::nullopt;
  return ip::address_v4(ntohl(address.s_addr));
}

std::string_view describe(AddressClass address_class) {
  switch (address_class) {
    case AddressClass::global: return "a public address";
    case AddressClass::private_network: return "an address of a private network";
    case AddressClass::loopback: return "a loopback address";
    case AddressClass::unspecified: return "no address that can be connected to";
    case AddressClass::link_local: return "a link-local address";
    case AddressClass::metadata: return "the metadata service of a cloud";
    case AddressClass::multicast: return "a multicast address";
    case AddressClass::reserved: return "a reserved address";
  }
  return "an unknown address";
}

}  // namespace cardea::net
