#include "proxy/rewrite.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/limits.h"
#include "base/strings.h"
#include "http/field_rules.h"
#include "http/h1_writer.h"
#include "http/websocket.h"
#include "proxy/forwarding.h"

namespace cardea::proxy {
namespace {

using base::equals_ignoring_case;
using http::Field;

constexpr std::string_view kPseudonym = "cardea";

// With the version that the message came in (RFC 9110 §7.6.3).
constexpr std::string_view via(std::uint8_t version_major, std::uint8_t version_minor) {
  if (version_major == 2) return "2 cardea";
  return version_minor == 0 ? "1.0 cardea" : "1.1 cardea";
}

// Connection may make a field hop-by-hop, but never one that we set, that says who the client is, or that
// carries the request's meaning (Traefik's GHSA-62c8-mh53-4cqv): those are left out of the nomination.
bool is_dropped_by_connection(const http::FieldList& fields, std::string_view name) {
  return http::connection_nominates(fields, name) && !is_forwarding_field(name) &&
         !equals_ignoring_case(name, "authorization") && !equals_ignoring_case(name, "cookie") &&
         !equals_ignoring_case(name, "via");
}

bool is_any_of(std::string_view name, const std::vector<std::string>& names) {
  return std::ranges::any_of(names,
                             [&](const std::string& other) { return equals_ignoring_case(name, other); });
}

struct RequestFilter {
  const http::RequestHead& request;
  const http::ConnectionInfo& connection;
  const Target& target;
  bool has_connection;
  bool has_forwards_left;

  [[nodiscard]] bool passes(std::string_view name) const {
    switch (base::to_lower(name.front())) {
      case 'h':
        if (equals_ignoring_case(name, "host")) return false;
        break;
      case 'c':
        if (equals_ignoring_case(name, "content-length")) return false;
        break;
      case 'e':
        if (equals_ignoring_case(name, "expect")) return false;
        break;
      case 'm':
        if (has_forwards_left && equals_ignoring_case(name, "max-forwards")) return false;
        break;
      default: break;
    }
    if (http::is_hop_by_hop(name)) return false;
    if (is_forwarding_field(name) && !(connection.peer_is_trusted && passes_if_trusted(name))) return false;
    if (!http::is_plain_name(name) && !is_any_of(name, target.underscore_headers)) return false;
    if (has_connection && is_dropped_by_connection(request.fields, name)) return false;
    return !is_custom(target, name);
  }
};

// h2c would carry requests past us, and HTTP2-Settings goes with it.
bool may_be_upgraded_to(std::string_view protocol) {
  return !protocol.empty() && !equals_ignoring_case(protocol, "h2c") &&
         !equals_ignoring_case(protocol, "h2") && std::ranges::all_of(protocol, [](char byte) {
           return byte == '/' || http::has_class(byte, http::kTokenByte);
         });
}

template <typename Fn>
void for_each_upgrade(const http::FieldList& fields, Fn fn) {
  for (const Field& field : fields) {
    if (equals_ignoring_case(field.name, "upgrade")) http::for_each_list_element(field.value, fn);
  }
}

bool offers(const http::RequestHead& request, std::string_view wanted) {
  bool found = false;
  for_each_upgrade(request.fields, [&](std::string_view protocol) {
    found = found || (may_be_upgraded_to(protocol) && equals_ignoring_case(protocol, wanted));
  });
  return found;
}

// Who says 101 without having understood the request would read the client's frames as requests.
bool accepts_key(const http::FieldList& request, const http::FieldList& response) {
  const auto key = request.find("sec-websocket-key");
  return !key || (response.count("sec-websocket-accept") == 1 &&
                  response.find("sec-websocket-accept") == http::websocket_accept(*key));
}

bool accepts_trailers(const http::FieldList& fields) {
  bool found = false;
  for (const Field& field : fields) {
    if (!equals_ignoring_case(field.name, "te")) continue;
    http::for_each_list_element(field.value, [&](std::string_view coding) {
      found = found || equals_ignoring_case(coding.substr(0, coding.find(';')), "trailers");
    });
  }
  return found;
}

// What we say to the upstream about this connection, instead of what the client said about its own.
template <typename Head>
void append_connection(Head& out, const http::RequestHead& request) {
  const bool upgrade = wants_upgrade(request);
  const bool trailers = accepts_trailers(request.fields);
  if (!upgrade && !trailers) return;
  http::append_field(out, "Connection", !trailers ? "Upgrade" : upgrade ? "Upgrade, TE" : "TE");
  if (trailers) http::append_field(out, "TE", "trailers");
  if (!upgrade) return;
  for_each_upgrade(request.fields, [&](std::string_view protocol) {
    if (may_be_upgraded_to(protocol)) http::append_field(out, "Upgrade", protocol);
  });
}

template <typename Head>
void append_max_forwards(Head& out, std::uint64_t count) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), count).ptr;
  http::append_field(out, "Max-Forwards", {digits.data(), static_cast<std::size_t>(end - digits.data())});
}

}  // namespace

std::optional<std::uint64_t> forwards_left(const http::RequestHead& request) {
  static constexpr std::string_view kName = "max-forwards";
  if (request.method != http::Method::options && request.method != http::Method::trace) return std::nullopt;
  const auto value = request.fields.find(kName);
  if (!value) return std::nullopt;
  return request.fields.count(kName) == 1 ? base::parse_uint(*value).value_or(0) : 0;
}

bool is_loop(const http::FieldList& fields) {
  std::size_t hops = 0;
  for (const Field& field : fields) {
    if (!equals_ignoring_case(field.name, "via")) continue;
    http::for_each_list_element(field.value, [&](std::string_view element) {
      // "protocol received-by [comment]"
      const std::string_view rest = base::trim(element.substr(std::min(element.find(' '), element.size())));
      if (equals_ignoring_case(rest.substr(0, rest.find(' ')), kPseudonym)) ++hops;
    });
  }
  return hops >= base::kViaHopsMax;
}

bool wants_upgrade(const http::RequestHead& request) {
  if (!request.upgrade || http::has_body(request.body)) return false;
  bool wanted = false;
  for_each_upgrade(request.fields,
                   [&](std::string_view protocol) { wanted = wanted || may_be_upgraded_to(protocol); });
  return wanted;
}

base::Status rewrite_switch(const http::RequestHead& request, const http::ResponseHead& response,
                            http::ResponseHead& out) {
  const auto refuse = [](base::ErrorCode code, std::string_view why) {
    return base::fail(code, std::string(why), base::ErrorSource::upstream);
  };
  std::string_view chosen;
  std::size_t count = 0;
  for_each_upgrade(response.fields, [&](std::string_view protocol) {
    chosen = protocol;
    ++count;
  });
  if (!wants_upgrade(request) || count != 1 || !offers(request, chosen) ||
      !http::connection_nominates(response.fields, "upgrade")) {
    return refuse(base::ErrorCode::protocol, "101 to a protocol that was not asked for");
  }
  if (equals_ignoring_case(chosen, "websocket") && !accepts_key(request.fields, response.fields)) {
    return refuse(base::ErrorCode::protocol, "101 to a WebSocket without the right Sec-WebSocket-Accept");
  }
  if (!rewrite_response(response, out) || !out.fields.add({"Connection", "Upgrade"}) ||
      !out.fields.add({"Upgrade", chosen})) {
    return refuse(base::ErrorCode::too_large, "too many response fields");
  }
  return {};
}

http::FieldList rewrite_request_trailers(const http::RequestHead& request, const http::FieldList& trailers,
                                         const Target& target) {
  http::FieldList passed;
  for (const Field& field : trailers) {
    const bool stays = http::is_forbidden_trailer(field.name) || is_forwarding_field(field.name) ||
                       !http::is_plain_name(field.name) || is_custom(target, field.name) ||
                       http::connection_nominates(request.fields, field.name);
    if (!stays) static_cast<void>(passed.add(field));
  }
  return passed;
}

http::FieldList rewrite_response_trailers(const http::FieldList& trailers) {
  http::FieldList passed;
  for (const Field& field : trailers) {
    const bool stays = http::is_forbidden_trailer(field.name) || is_forwarding_field(field.name);
    if (!stays) static_cast<void>(passed.add(field));
  }
  return passed;
}

template <typename Head>
void append_upstream_head(Head& out, const http::RequestHead& request, const http::ConnectionInfo& connection,
                          const Target& target, std::string_view request_id) {
  const std::string_view prefix = request.target == "*" ? std::string_view("") : target.path_prefix;
  http::append_request_line(out, request.method_text, prefix, request.target);
  http::append_field(out, "Host",
                     target.host_header == HostHeader::preserve ? request.authority : target.upstream_host);
  const bool has_connection = request.fields.find("connection").has_value();
  const auto forwards = forwards_left(request);
  const RequestFilter filter{request, connection, target, has_connection, forwards.has_value()};
  for (const Field& field : request.fields) {
    if (filter.passes(field.name)) http::append_field(out, field.name, field.value);
  }
  http::append_framing(out, request.body);
  if (request.expects_continue && http::has_body(request.body))
    http::append_field(out, "Expect", "100-continue");
  if (forwards.value_or(0) > 0) append_max_forwards(out, *forwards - 1);
  if (has_connection || request.fields.find("te")) append_connection(out, request);
  append_forwarding(out, request, connection, target, request_id);
  http::append_field(out, "Via", via(1, request.version_minor));
  for (const auto& [name, value] : target.custom_headers) http::append_field(out, name, value);
  http::end_head(out);
}
template void append_upstream_head(base::Buffer&, const http::RequestHead&, const http::ConnectionInfo&,
                                   const Target&, std::string_view);
template void append_upstream_head(http::H2Fields&, const http::RequestHead&, const http::ConnectionInfo&,
                                   const Target&, std::string_view);

bool rewrite_response(const http::ResponseHead& response, http::ResponseHead& out) {
  out.status = response.status;
  out.reason = response.reason;
  out.body = response.body;
  const bool has_connection = response.fields.find("connection").has_value();
  for (const Field& field : response.fields) {
    if (http::is_hop_by_hop(field.name)) continue;
    if (has_connection && http::connection_nominates(response.fields, field.name)) continue;
    if (http::is_bodiless(response.status) && equals_ignoring_case(field.name, "content-length")) continue;
    if (!out.fields.add(field)) return false;
  }
  return out.fields.add({"Via", via(response.version_major, response.version_minor)});
}

}  // namespace cardea::proxy
