#include "http/field_rules.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace cardea::http {
namespace {

bool all_have_class(std::string_view text, std::uint8_t wanted) {
  return std::all_of(text.begin(), text.end(), [wanted](char c) { return has_class(c, wanted); });
}

bool is_ipv6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated;
  if (text.size() >= terminated.size() || text.contains('\0')) return false;
  *std::ranges::copy(text, terminated.begin()).out = '\0';
  in6_addr address{};
  return ::inet_pton(AF_INET6, terminated.data(), &address) == 1;
}

// Names are grouped by length: a switch leaves at most a few comparisons per field.
template <typename... Names>
bool is_one_of(std::string_view name, Names... names) {
  return (base::equals_ignoring_case(name, names) || ...);
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && all_have_class(text, kTokenByte);
}

bool is_plain_name(std::string_view name) {
  // Without a branch per byte: nearly every name is plain, and every field of every request is asked.
  std::uint8_t common = kPlainByte;
  for (const char byte : name) common &= kByteClasses[static_cast<unsigned char>(byte)];
  return common != 0;
}

bool is_same_variable(std::string_view a, std::string_view b) {
  const auto variable = [](char byte) { return base::is_alnum(byte) ? base::to_lower(byte) : '_'; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return variable(x) == variable(y); });
}

bool is_field_value(std::string_view text) {
  return all_have_class(text, kValueByte);
}

bool is_authority(std::string_view text) {
  std::size_t host_end = 0;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1))) return false;
    host_end = close + 1;
  } else {
    host_end = std::min(text.find(':'), text.size());
    if (host_end == 0 || !all_have_class(text.substr(0, host_end), kHostByte)) return false;
  }
  const std::string_view rest = text.substr(host_end);
  if (rest.empty()) return true;
  const auto port = rest.front() == ':' ? base::parse_uint(rest.substr(1), 65535) : std::nullopt;
  return port.value_or(0) != 0;
}

bool is_hop_by_hop(std::string_view name) {
  switch (name.size()) {
    case 2: return is_one_of(name, "te");
    case 7: return is_one_of(name, "upgrade");
    case 10: return is_one_of(name, "connection", "keep-alive");
    case 14: return is_one_of(name, "http2-settings");
    case 16: return is_one_of(name, "proxy-connection");
    case 17: return is_one_of(name, "transfer-encoding");
    case 18: return is_one_of(name, "proxy-authenticate");
    case 19: return is_one_of(name, "proxy-authorization");
    default: return false;
  }
}

bool is_forbidden_trailer(std::string_view name) {
  switch (name.size()) {
    case 3: return is_one_of(name, "via", "age");
    case 4: return is_one_of(name, "host", "date", "vary");
    case 5: return is_one_of(name, "range");
    case 6: return is_one_of(name, "cookie", "expect", "pragma");
    case 7: return is_one_of(name, "trailer", "expires", "warning") || is_hop_by_hop(name);
    case 8: return is_one_of(name, "if-match", "if-range", "location");
    case 10: return is_one_of(name, "set-cookie") || is_hop_by_hop(name);
    case 11: return is_one_of(name, "retry-after");
    case 12: return is_one_of(name, "content-type", "max-forwards");
    case 13: return is_one_of(name, "authorization", "content-range", "cache-control", "if-none-match");
    case 14: return is_one_of(name, "content-length") || is_hop_by_hop(name);
    case 16: return is_one_of(name, "content-encoding", "www-authenticate") || is_hop_by_hop(name);
    case 17: return is_one_of(name, "if-modified-since") || is_hop_by_hop(name);
    case 19: return is_one_of(name, "if-unmodified-since") || is_hop_by_hop(name);
    default: return is_hop_by_hop(name);
  }
}

bool connection_nominates(const FieldList& fields, std::string_view name) {
  for (const Field& field : fields) {
    if (!base::equals_ignoring_case(field.name, "connection")) continue;
    bool found = false;
    for_each_list_element(field.value, [&](std::string_view option) {
      found = base::equals_ignoring_case(option, name);
      return !found;
    });
    if (found) return true;
  }
  return false;
}

}  // namespace cardea::http
