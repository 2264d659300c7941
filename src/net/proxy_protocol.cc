#include "net/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/strings.h"

namespace cardea::net {
namespace {

namespace ip = boost::asio::ip;

using Parsed = std::expected<std::optional<ProxyHeader>, std::string_view>;

constexpr std::string_view kTextBegin = "PROXY ";
constexpr std::size_t kTextBytesMax = 107;  // with the CRLF: §2.1
constexpr std::string_view kBinaryBegin("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kBinaryHeadBytes = 16;

bool may_begin_with(std::string_view bytes, std::string_view begin) {
  const std::size_t known = std::min(bytes.size(), begin.size());
  return bytes.substr(0, known) == begin.substr(0, known);
}

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

template <typename Address>
ip::address address_at(std::string_view bytes, std::size_t at) {
  typename Address::bytes_type raw;
  for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = byte_at(bytes, at + i);
  const Address address(raw);
  if constexpr (std::is_same_v<Address, ip::address_v6>) {
    if (address.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address);
  }
  return address;
}

// "TCP4 192.0.2.7 198.51.100.1 56324 443", or "UNKNOWN" and anything.
std::expected<std::optional<ip::address>, std::string_view> parse_text(std::string_view line) {
  const std::vector<std::string_view> words = base::split(line, ' ');
  if (words[0] == "UNKNOWN") return std::nullopt;
  const bool v4 = words[0] == "TCP4";
  if ((!v4 && words[0] != "TCP6") || words.size() != 5) return std::unexpected("a malformed PROXY line");
  for (const std::size_t at : {3U, 4U}) {
    if (!base::parse_uint(words[at], 65535)) return std::unexpected("a malformed port in a PROXY line");
  }
  std::array<ip::address, 2> addresses;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    boost::system::error_code malformed;
    addresses[i] = ip::make_address(std::string(words[i + 1]), malformed);
    const bool zone = words[i + 1].find('%') != std::string_view::npos;  // means nothing here
    if (malformed || zone || addresses[i].is_v4() != v4) {
      return std::unexpected("a malformed address in a PROXY line");
    }
  }
  return addresses[0];
}

Parsed parse_version_1(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, kTextBytesMax).find('\n');
  if (end == std::string_view::npos) {
    if (bytes.size() >= kTextBytesMax) return std::unexpected("a PROXY line without an end");
    return std::nullopt;
  }
  if (bytes[end - 1] != '\r') return std::unexpected("a PROXY line that ends without CR LF");
  const auto source = parse_text(bytes.substr(kTextBegin.size(), end - 1 - kTextBegin.size()));
  if (!source) return std::unexpected(source.error());
  return ProxyHeader{end + 1, *source};
}

Parsed parse_version_2(std::string_view bytes) {
  if (bytes.size() < kBinaryHeadBytes) return std::nullopt;
  const unsigned version = byte_at(bytes, 12) >> 4U;
  const unsigned command = byte_at(bytes, 12) & 0xfU;
  if (version != 2 || command > 1) return std::unexpected("a PROXY header of an unknown version or command");
  const std::size_t rest = byte_at(bytes, 14) * std::size_t{256} + byte_at(bytes, 15);
  ProxyHeader header{kBinaryHeadBytes + rest, std::nullopt};
  if (header.bytes > base::kProxyHeaderBytesMax) return std::unexpected("a PROXY header that is too large");
  if (bytes.size() < header.bytes) return std::nullopt;
  if (command == 0) return header;
  constexpr std::uint8_t kTcp4 = 0x11;
  constexpr std::uint8_t kTcp6 = 0x21;
  const std::uint8_t family = byte_at(bytes, 13);
  const std::size_t needed = family == kTcp4 ? 12U : family == kTcp6 ? 36U : 0U;
  if (rest < needed) return std::unexpected("a PROXY header without its addresses");
  if (family == kTcp4) header.source = address_at<ip::address_v4>(bytes, kBinaryHeadBytes);
  if (family == kTcp6) header.source = address_at<ip::address_v6>(bytes, kBinaryHeadBytes);
  return header;
}

}  // namespace

Parsed parse_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const std::string_view begin = bytes.front() == 'P' ? kTextBegin : kBinaryBegin;
  if (!may_begin_with(bytes, begin)) return std::unexpected("no PROXY header");
  if (bytes.size() < begin.size()) return std::nullopt;
  return begin == kTextBegin ? parse_version_1(bytes) : parse_version_2(bytes);
}

}  // namespace cardea::net
