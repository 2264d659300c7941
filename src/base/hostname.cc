#include "base/hostname.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <fmt/core.h>

#include "base/strings.h"

namespace cardea::base {
namespace {

constexpr std::size_t kNameBytesMax = 253;  // RFC 1035 §2.3.4, in text form without the trailing dot
constexpr std::size_t kLabelBytesMax = 63;

std::unexpected<Error> bad_name(std::string_view name, std::string_view why) {
  return fail(ErrorCode::invalid, fmt::format("\"{}\" is not a hostname: {}", printable(name, 80), why));
}

}  // namespace

Result<std::string> parse_hostname(std::string_view text) {
  std::string_view name = text;
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty()) return bad_name(text, "it is empty");
  if (name.size() > kNameBytesMax) return bad_name(text, "it is longer than 253 characters");
  std::string canonical = to_lower(name);
  for (const std::string_view label : split(canonical, '.')) {
    if (label.empty()) return bad_name(text, "a part between two dots is empty");
    if (label.size() > kLabelBytesMax) return bad_name(text, "a part is longer than 63 characters");
    if (label.front() == '-' || label.back() == '-') return bad_name(text, "a part begins or ends with '-'");
    for (const char c : label) {
      if (!is_alnum(c) && c != '-' && c != '_') {
        return bad_name(text, "only letters, digits, '-' and '.' are allowed");
      }
    }
  }
  return canonical;
}

Result<Authority> parse_authority(std::string_view text) {
  Authority authority;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return fail(ErrorCode::invalid, "IPv6 address without closing ']'");
    authority.host = to_lower(text.substr(1, close - 1));
    std::array<unsigned char, 16> address{};
    // A NUL would hide what follows it from inet_pton().
    if (authority.host.find('\0') != std::string::npos ||
        inet_pton(AF_INET6, authority.host.c_str(), address.data()) != 1) {
      return fail(ErrorCode::invalid, "malformed IPv6 address");
    }
    rest = text.substr(close + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    auto name = parse_hostname(text.substr(0, colon));
    if (!name) return std::unexpected(name.error());
    authority.host = std::move(*name);
    rest = text.substr(colon);
  }
  if (rest.empty()) return authority;
  const auto port = rest.front() == ':' ? parse_uint(rest.substr(1), 65535) : std::nullopt;
  if (!port || *port == 0) return fail(ErrorCode::invalid, "the port is not a number from 1 to 65535");
  authority.port = static_cast<std::uint16_t>(*port);
  return authority;
}

bool is_ip_literal(std::string_view host) {
  if (host.find('\0') != std::string_view::npos) return false;
  std::array<unsigned char, 16> address{};
  const std::string terminated(host);
  return inet_pton(AF_INET, terminated.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1;
}

}  // namespace cardea::base
