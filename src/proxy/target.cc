#include "proxy/target.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/core.h>

#include "base/hostname.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/strings.h"
#include "http/field_rules.h"
#include "proxy/forwarding.h"

namespace cardea::proxy {
namespace {

// Framing, routing and connection fields are decided by the proxy (RFC 9110 §7.6.1).
constexpr std::array<std::string_view, 5> kNotSettable = {"host", "content-length", "expect", "via",
                                                          "trailer"};

// A request has kFieldsMax fields, each of which is looked for in the list.
constexpr std::size_t kUnderscoreHeadersMax = 20;

bool is_set_by_proxy(std::string_view name) {
  return std::ranges::any_of(
             kNotSettable, [&](std::string_view other) { return base::equals_ignoring_case(name, other); }) ||
         http::is_hop_by_hop(name);
}

// The table of hosts is searched for canonical names; "" would be the host of requests that name none.
base::Status check_hostname(const std::string& hostname) {
  const auto canonical = base::parse_hostname(hostname);
  if (!canonical) return std::unexpected(canonical.error());
  if (*canonical == hostname) return {};
  return base::fail(base::ErrorCode::invalid,
                    fmt::format("its hostname is written \"{}\"; store it as \"{}\"",
                                base::printable(hostname, 80), *canonical));
}

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

std::optional<std::string> excess_of(const Headers& headers) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers) bytes += name.size() + value.size();
  if (headers.size() > base::kCustomHeadersMax) {
    return fmt::format("custom_headers: they would be {}, {} is the most", headers.size(),
                       base::kCustomHeadersMax);
  }
  if (bytes > base::kCustomHeadersBytesMax) {
    return fmt::format("custom_headers: their names and values would have {} bytes, {} is the most", bytes,
                       base::kCustomHeadersBytesMax);
  }
  return std::nullopt;
}

std::optional<std::string_view> fault_of(std::string_view name, std::string_view value) {
  if (!http::is_token(name)) return "is not a header name";
  if (!http::is_field_value(value)) return "has a control character in its value";
  if (is_set_by_proxy(name)) return "is set by the proxy itself and cannot be overridden";
  return std::nullopt;
}

Headers::const_iterator find_header(Headers::const_iterator first, Headers::const_iterator last,
                                    std::string_view name) {
  return std::find_if(first, last,
                      [&](const auto& header) { return base::equals_ignoring_case(header.first, name); });
}

// A record that is stored already stays served where that is safe: rules may have been wider then.
base::Status take_custom_headers(Target& target, const store::TargetRecord& record) {
  Headers& taken = target.custom_headers;
  if (auto fault = excess_of(record.custom_headers)) {
    return base::fail(base::ErrorCode::invalid, std::move(*fault));
  }
  for (const auto& [name, value] : record.custom_headers) {
    if (const auto why = fault_of(name, value)) {
      return base::fail(base::ErrorCode::invalid,
                        fmt::format("custom_headers: \"{}\" {}", base::printable(name, 60), *why));
    }
    if (find_header(taken.begin(), taken.end(), name) != taken.end()) {
      base::log_warn("proxy target {}: custom_headers has \"{}\" twice; the first one is used",
                     record.hostname, base::printable(name, 60));
      continue;
    }
    taken.emplace_back(name, base::trim(value));
  }
  return {};
}

base::Status check_number_of(const std::vector<std::string>& underscore_headers) {
  if (underscore_headers.size() <= kUnderscoreHeadersMax) return {};
  return base::fail(base::ErrorCode::invalid,
                    fmt::format("underscore_headers: {} names are given, {} is the most",
                                underscore_headers.size(), kUnderscoreHeadersMax));
}

base::Status check_underscore_header(std::string_view name, const Headers& custom_headers) {
  const auto refuse = [&](std::string_view why) {
    return base::fail(base::ErrorCode::invalid,
                      fmt::format("underscore_headers: \"{}\" {}", base::printable(name, 60), why));
  };
  if (!http::is_token(name)) return refuse("is not a header name");
  if (http::is_plain_name(name)) {
    return refuse("has no \"_\" or other sign but \"-\"; such a header passes in any case");
  }
  std::string dashed(name);
  std::ranges::replace_if(dashed, [](char byte) { return !http::has_class(byte, http::kPlainByte); }, '-');
  if (is_set_by_proxy(dashed) || is_forwarding_field(dashed)) {
    return refuse("would be taken for a field that the proxy itself sets");
  }
  const auto custom = std::ranges::find_if(
      custom_headers, [&](const auto& header) { return http::is_same_variable(header.first, name); });
  if (custom != custom_headers.end()) {
    return refuse(fmt::format("would be taken for \"{}\", which custom_headers sets",
                              base::printable(custom->first, 60)));
  }
  return {};
}

}  // namespace

std::vector<std::string> custom_header_faults(const Headers& headers) {
  std::vector<std::string> faults;
  // Comparing each with all others comes after this.
  if (auto fault = excess_of(headers)) return {std::move(*fault)};
  for (auto header = headers.begin(); header != headers.end(); ++header) {
    const auto& [name, value] = *header;
    const auto complain = [&](std::string_view why) {
      faults.push_back(fmt::format("custom_headers: \"{}\" {}", base::printable(name, 60), why));
    };
    if (const auto why = fault_of(name, value)) complain(*why);
    // HTTP/2 has no such values (RFC 9113 §8.2.1), and HTTP/1.1 takes the space off.
    if (base::trim(value) != value) complain("has a space or tab at an end of its value; leave it out");
    if (find_header(headers.begin(), header, name) != header) {
      complain("is there twice: names that differ in case only are the same");
    }
  }
  return faults;
}

base::Status check_underscore_headers(const std::vector<std::string>& names, const Headers& custom_headers) {
  if (auto few = check_number_of(names); !few) return few;
  for (const std::string& name : names) {
    if (auto checked = check_underscore_header(name, custom_headers); !checked) return checked;
  }
  return {};
}

base::Result<Target> Target::from_record(const store::TargetRecord& record, UpstreamTrust& trust) {
  if (auto checked = check_hostname(record.hostname); !checked) return std::unexpected(checked.error());
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
  target.forwarded_header = record.forwarded_header;
  if (auto taken = take_custom_headers(target, record); !taken) return std::unexpected(taken.error());
  if (auto few = check_number_of(record.underscore_headers); !few) return std::unexpected(few.error());
  for (const std::string& name : record.underscore_headers) {
    if (auto checked = check_underscore_header(name, target.custom_headers); !checked) {
      base::log_warn("proxy target {}: {}; the name is ignored", record.hostname, checked.error().context);
      continue;
    }
    target.underscore_headers.push_back(name);
  }
  return target;
}

}  // namespace cardea::proxy
