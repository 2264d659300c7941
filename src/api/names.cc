#include "api/names.h"

#include <algorithm>
#include <array>
#include <memory>

#include <fmt/core.h>
#include <idn2.h>

#include "acme/registered_domain.h"
#include "base/hostname.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/url.h"

namespace cardea::api {
namespace {

constexpr std::size_t kTokenNameBytesMax = 128;
// "proxy-" and the longest hostname: the certificate of every target has a name that fits.
constexpr std::size_t kCertNameBytesMax = 6 + 253;
// 253 characters of four bytes in UTF-8; what is longer is not worth converting.
constexpr std::size_t kHostnameBytesMax = 1012;
constexpr std::size_t kEmailBytesMax = 254;  // RFC 5321 §4.5.3.1.3 less the angle brackets

base::Status check_name(std::string_view what, std::string_view name, std::size_t bytes_max) {
  const bool fits =
      !name.empty() && name.size() <= bytes_max && base::is_alnum(name.front()) &&
      std::ranges::all_of(name, [](char c) { return base::is_alnum(c) || c == '.' || c == '_' || c == '-'; });
  if (fits) return {};
  return base::fail(
      base::ErrorCode::invalid,
      fmt::format("{} must be 1 to {} letters, digits, '.', '_' or '-', and begin with a letter or digit.",
                  what, bytes_max));
}

std::unexpected<base::Error> refuse(std::string_view name, std::string_view why) {
  return base::fail(base::ErrorCode::invalid, fmt::format("\"{}\" {}", base::printable(name, 80), why));
}

using IdnText = std::unique_ptr<char, decltype([](char* text) { idn2_free(text); })>;

base::Result<std::string> to_a_labels(std::string_view text) {
  const bool ascii = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return base::parse_hostname(text);
  if (text.size() > kHostnameBytesMax) return refuse(text, "is not a hostname: it is too long");
  if (text.find('\0') != std::string_view::npos) return refuse(text, "is not a hostname: it has a NUL in it");
  char* converted = nullptr;
  const int code = idn2_to_ascii_8z(std::string(text).c_str(), &converted, IDN2_NONTRANSITIONAL);
  const IdnText owned(converted);
  if (code != IDN2_OK) return refuse(text, fmt::format("is not a hostname: {}", idn2_strerror(code)));
  return base::parse_hostname(converted);
}

// What CAs may certify is a P-label: valid Punycode behind "xn--", even if IDNA2008 has no such name.
bool is_punycode(const std::string& label) {
  char* decoded = nullptr;
  const int code = idn2_to_unicode_8z8z(label.c_str(), &decoded, 0);
  const IdnText owned(decoded);
  return code == IDN2_OK;
}

struct SpecialUse {
  std::string_view ending;
  std::string_view why;
};
// Names that no CA can certify. Those that only a private one can (.local, .internal, .test, .home.arpa) are
// not here.
constexpr std::array<SpecialUse, 5> kSpecialUses = {{
    {".localhost", "names this machine only (RFC 6761 §6.3)"},
    {".invalid", "exists nowhere (RFC 6761 §6.4)"},
    {".onion", "is known to Tor only (RFC 7686)"},
    {".alt", "is not in the DNS (RFC 9476)"},
    {".arpa", "names addresses and the like (RFC 3172)"},
}};

base::Status check_use(std::string_view name) {
  if (name.ends_with(".home.arpa")) return {};  // RFC 8375: a home's own names, as .local is
  for (const SpecialUse& use : kSpecialUses) {
    if (name.ends_with(use.ending)) {
      return refuse(name, fmt::format("cannot have a certificate: {} {}", use.ending, use.why));
    }
  }
  return {};
}

// `name` is canonical.
base::Status check_certifiable(const std::string& name) {
  for (const std::string_view label : base::split(name, '.')) {
    if (label.find('_') != std::string_view::npos) {
      return refuse(name, "has an underscore, which CAs do not certify");
    }
    if (label.starts_with("xn--") && !is_punycode(std::string(label))) {
      return refuse(name, fmt::format("is not a hostname: \"{}\" is no valid Punycode", label));
    }
  }
  if (acme::is_registry_suffix(name)) {
    return refuse(
        name,
        fmt::format("is a public suffix, below which others have their names; give a full hostname such as "
                    "www.example.{}",
                    name));
  }
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos)
    return refuse(name, "has no domain; give a full hostname such as www.example.com");
  if (std::ranges::all_of(name.substr(dot + 1), [](char c) { return base::is_digit(c); })) {
    return refuse(name, "ends in a number, as only IP addresses do; give a hostname");
  }
  return check_use(name);
}

}  // namespace

base::Result<std::string> parse_public_hostname(std::string_view text) {
  const bool bracketed = text.starts_with('[') && text.ends_with(']');
  if (base::is_ip_literal(bracketed ? text.substr(1, text.size() - 2) : text)) {
    return refuse(text, "is an IP address; give a hostname");
  }
  if (text.starts_with("*.") && text.find('*', 1) == std::string_view::npos) {
    return refuse(text,
                  "is a wildcard, which takes the dns-01 challenge that Cardea does not do; name each host");
  }
  if (text.find('*') != std::string_view::npos)
    return refuse(text, "has a '*' in it; give each hostname in full");
  auto name = to_a_labels(text);
  if (!name) return name;
  if (auto fault = check_certifiable(*name); !fault) return std::unexpected(std::move(fault.error()));
  return name;
}

std::string canonical_hostname(std::string_view text) {
  return to_a_labels(text).value_or(std::string(text));
}

base::Status check_cert_name(std::string_view name) {
  return check_name("\"cert_name\"", name, kCertNameBytesMax);
}

base::Status check_token_name(std::string_view name) {
  return check_name("The token's name", name, kTokenNameBytesMax);
}

base::Status check_email(std::string_view email) {
  if (email.empty()) {
    return base::fail(base::ErrorCode::invalid,
                      "There is no e-mail address: give \"email\", or make the token with one "
                      "(\"./scripts/justw token-generate "
                      "NAME EMAIL\").");
  }
  const std::size_t at = email.find('@');
  const bool fits =
      email.size() <= kEmailBytesMax && at != std::string_view::npos && at > 0 && at + 1 < email.size() &&
      email.find('@', at + 1) == std::string_view::npos &&
      std::ranges::all_of(email, [](char c) { return c > 0x20 && c < 0x7f && c != ',' && c != '?'; });
  if (fits) return {};
  return base::fail(base::ErrorCode::invalid,
                    fmt::format("\"{}\" is not an e-mail address.", base::printable(email, 80)));
}

base::Status check_directory_url(std::string_view url, std::string_view own_url,
                                 const net::AddressPolicy& policy) {
  auto parsed = base::parse_url(url);
  if (!parsed || parsed->scheme != "https" || url.size() > base::kAcmeUrlBytesMax) {
    return base::fail(base::ErrorCode::invalid,
                      fmt::format("\"acme_directory_url\" must be an https:// URL of at most {} characters.",
                                  base::kAcmeUrlBytesMax));
  }
  const auto refusal =
      url == own_url ? std::nullopt : policy.refusal(net::Endpoint{parsed->host, parsed->port, {}});
  if (refusal) return base::fail(base::ErrorCode::invalid, "\"acme_directory_url\": " + *refusal + ".");
  return {};
}

std::string dashed(std::string_view hostname) {
  std::string text(hostname);
  std::ranges::replace(text, '.', '-');
  return text;
}

}  // namespace cardea::api
