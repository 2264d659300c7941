#include "proxy/target.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/strings.h"
#include "http/field_rules.h"

namespace cardea::proxy {
namespace {

// Framing, routing and connection fields are decided by the proxy (RFC 9110 §7.6.1).
constexpr std::array<std::string_view, 5> kNotSettable = {"host", "content-length", "expect", "via",
                                                          "trailer"};

// The members that are about TLS, for a target whose upstream and key are set.
base::Status secure(Target& target, const store::TargetRecord& record, Transport transport,
                    UpstreamTrust& trust) {
  if (const auto faults = upstream_tls_faults(record, transport); !faults.empty()) {
    return base::fail(base::ErrorCode::invalid, faults.front());
  }
  if (transport == Transport::plain) return {};
  auto trusted = trust.find(record);
  if (!trusted) return std::unexpected(trusted.error());
  target.upstream_tls = std::move(trusted->context);
  target.upstream_name =
      record.upstream_server_name.empty() ? target.upstream.host : record.upstream_server_name;
  target.upstream_key.insert(0, "https://");
  if (target.upstream_name != target.upstream.host) target.upstream_key += " as " + target.upstream_name;
  if (!trusted->id.empty()) target.upstream_key += " " + trusted->id;
  return {};
}

}  // namespace

base::Status check_custom_header(std::string_view name, std::string_view value) {
  const auto refuse = [&](std::string_view why) {
    return base::fail(base::ErrorCode::invalid,
                      fmt::format("custom_headers: \"{}\" {}", base::printable(name, 60), why));
  };
  if (!http::is_token(name)) return refuse("is not a header name");
  if (!http::is_field_value(value)) return refuse("has a control character in its value");
  const bool reserved = std::ranges::any_of(
      kNotSettable, [&](std::string_view other) { return base::equals_ignoring_case(name, other); });
  if (reserved || http::is_hop_by_hop(name))
    return refuse("is set by the proxy itself and cannot be overridden");
  return {};
}

base::Result<Target> Target::from_record(const store::TargetRecord& record, UpstreamTrust& trust) {
  auto url = parse_target_url(record.target_url);
  if (!url) return std::unexpected(url.error());
  Target target;
  target.upstream = std::move(url->endpoint);
  target.upstream_key = target.upstream.to_string();
  target.protocol = url->protocol;
  if (target.protocol == Protocol::http2) target.upstream_key.insert(0, "h2c://");
  if (auto secured = secure(target, record, url->transport, trust); !secured)
    return std::unexpected(secured.error());
  target.upstream_host = std::move(url->authority);
  target.path_prefix = std::move(url->path_prefix);
  target.host_header = record.preserve_host_header ? HostHeader::preserve : HostHeader::upstream;
  target.enabled = record.enabled;
  target.enable_http = record.enable_http;
  target.enable_https = record.enable_https;
  for (const auto& [name, value] : record.custom_headers) {
    auto checked = check_custom_header(name, value);
    if (!checked) return std::unexpected(checked.error());
    target.custom_headers.emplace_back(name, value);
  }
  return target;
}

}  // namespace cardea::proxy
