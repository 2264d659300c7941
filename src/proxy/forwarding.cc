#include "proxy/forwarding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/strings.h"
#include "http/field_rules.h"
#include "http/h1_writer.h"

namespace cardea::proxy {
namespace {

using base::equals_ignoring_case;
using http::Field;

constexpr std::string_view kForwardedFor = "X-Forwarded-For";
constexpr std::string_view kFamily = "x-forwarded";

// The value of a field that is there once, from a peer whose word counts, and is what it should be.
std::optional<std::string_view> told(const http::RequestHead& request, const http::ConnectionInfo& connection,
                                     std::string_view name, bool (*is_sound)(std::string_view)) {
  if (!connection.peer_is_trusted || request.fields.count(name) != 1) return std::nullopt;
  const auto value = request.fields.find(name);
  return value && is_sound(*value) ? value : std::nullopt;
}

bool is_scheme(std::string_view text) {
  return text == "http" || text == "https";
}

bool is_port(std::string_view text) {
  return base::parse_uint(text, 65535).value_or(0) != 0;
}

// The parser wants a terminated text, and a std::string would be an allocation for most of IPv6.
std::optional<boost::asio::ip::address> parse_address(std::string_view text) {
  std::array<char, 64> terminated;  // the longest, IPv4 in IPv6, has 45
  if (text.size() >= terminated.size()) return std::nullopt;
  *std::ranges::copy(text, terminated.begin()).out = '\0';
  boost::system::error_code malformed;
  const auto address = boost::asio::ip::make_address(terminated.data(), malformed);
  return malformed ? std::nullopt : std::optional(address);
}

// RFC 4007 §11: the zone of an IPv6 address ("fe80::1%eth0") says something to the machine that wrote it
// only.
std::string_view without_zone(std::string_view address) {
  return address.contains(':') ? address.substr(0, address.find('%')) : address;
}

template <typename Head>
void append_forwarded_for(Head& out, const http::RequestHead& request,
                          const http::ConnectionInfo& connection) {
  http::begin_field(out, kForwardedFor);
  if (connection.peer_is_trusted) {
    for (const Field& field : request.fields) {
      if (!equals_ignoring_case(field.name, kForwardedFor) || field.value.empty()) continue;
      out.append(field.value);
      out.append(", ");
    }
  }
  out.append(connection.peer_text);
  http::end_field(out);
}

// RFC 7239 §4: what is no token is quoted (§6: an IPv6 address also has brackets). Neither an address nor an
// authority has a quote or a backslash in it. What a trusted proxy said stands before it, in a field of its
// own.
template <typename Head>
void append_forwarded(Head& out, const http::RequestHead& request, const http::ConnectionInfo& connection) {
  http::begin_field(out, "Forwarded");
  out.append("for=");
  const bool is_v6 = connection.peer.is_v6();
  if (is_v6) out.append("\"[");
  out.append(connection.peer_text);
  if (is_v6) out.append("]\"");
  out.append(";host=\"");
  out.append(request.authority);
  out.append(connection.scheme == http::Scheme::https ? "\";proto=https" : "\";proto=http");
  http::end_field(out);
}

}  // namespace

bool is_forwarding_field(std::string_view name) {
  const char first = base::to_lower(name.front());
  if (first == 'f') return equals_ignoring_case(name, "forwarded");
  if (first != 'x') return false;
  if (equals_ignoring_case(name.substr(0, kFamily.size()), kFamily)) {
    return name.size() == kFamily.size() || name[kFamily.size()] == '-';
  }
  return equals_ignoring_case(name, "x-real-ip") || equals_ignoring_case(name, "x-request-id") ||
         equals_ignoring_case(name, "x-scheme");
}

bool passes_if_trusted(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kOwn = {"x-forwarded-for",  "x-forwarded-proto",
                                                           "x-forwarded-host", "x-forwarded-port",
                                                           "x-real-ip",        "x-request-id"};
  return std::ranges::none_of(kOwn, [&](std::string_view own) { return equals_ignoring_case(name, own); });
}

bool is_custom(const Target& target, std::string_view name) {
  return std::ranges::any_of(target.custom_headers,
                             [&](const auto& header) { return http::is_same_variable(header.first, name); });
}

std::string_view client_address(const http::RequestHead& request, const http::ConnectionInfo& connection) {
  std::string_view client = connection.peer_text;
  if (!connection.peer_is_trusted) return client;
  // From the right: each was added by the one before it, and is worth as much as that one.
  for (std::size_t i = request.fields.size(); i-- > 0;) {
    const Field& field = request.fields.begin()[i];
    if (!equals_ignoring_case(field.name, kForwardedFor)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t comma = rest.rfind(',');
      const std::string_view element =
          without_zone(base::trim(comma == std::string_view::npos ? rest : rest.substr(comma + 1)));
      rest = rest.substr(0, comma == std::string_view::npos ? 0 : comma);
      const auto address = parse_address(element);
      if (!address) return client;
      client = element;
      if (!connection.trusted_proxies->contains(*address)) return client;
    }
  }
  return client;
}

template <typename Head>
void append_forwarding(Head& out, const http::RequestHead& request, const http::ConnectionInfo& connection,
                       const Target& target, std::string_view request_id) {
  std::array<char, 8> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), connection.local_port).ptr;
  const std::string_view port(digits.data(), static_cast<std::size_t>(end - digits.data()));
  const std::string_view scheme = connection.scheme == http::Scheme::https ? "https" : "http";
  const auto said = [&](std::string_view name, bool (*is_sound)(std::string_view), std::string_view ours) {
    return told(request, connection, name, is_sound).value_or(ours);
  };
  const std::array<Field, 5> fields = {{
      {"X-Real-IP", client_address(request, connection)},
      {"X-Forwarded-Proto", said("x-forwarded-proto", is_scheme, scheme)},
      {"X-Forwarded-Host", said("x-forwarded-host", http::is_authority, request.authority)},
      {"X-Forwarded-Port", said("x-forwarded-port", is_port, port)},
      {"X-Request-Id", request_id},
  }};
  if (!is_custom(target, kForwardedFor)) append_forwarded_for(out, request, connection);
  for (const Field& field : fields) {
    if (!is_custom(target, field.name)) http::append_field(out, field.name, field.value);
  }
  if (target.forwarded_header && !is_custom(target, "Forwarded")) append_forwarded(out, request, connection);
}

template void append_forwarding(base::Buffer&, const http::RequestHead&, const http::ConnectionInfo&,
                                const Target&, std::string_view);
template void append_forwarding(http::H2Fields&, const http::RequestHead&, const http::ConnectionInfo&,
                                const Target&, std::string_view);

}  // namespace cardea::proxy
