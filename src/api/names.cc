#include "api/names.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/hostname.h"
#include "base/strings.h"
#include "base/url.h"

namespace cardea::api {
namespace {

constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kEmailBytesMax = 254;  // RFC 5321 §4.5.3.1.3 less the angle brackets

base::Status check_name(std::string_view what, std::string_view name) {
  const bool fits =
      !name.empty() && name.size() <= kNameBytesMax && base::is_alnum(name.front()) &&
      std::ranges::all_of(name, [](char c) { return base::is_alnum(c) || c == '.' || c == '_' || c == '-'; });
  if (fits) return {};
  return base::fail(
      base::ErrorCode::invalid,
      fmt::format("{} must be 1 to 128 letters, digits, '.', '_' or '-', and begin with a letter or digit.",
                  what));
}

}  // namespace

base::Result<std::string> parse_public_hostname(std::string_view text) {
  if (base::is_ip_literal(text)) {
    return base::fail(base::ErrorCode::invalid,
                      fmt::format("\"{}\" is an IP address; give a hostname", base::printable(text, 80)));
  }
  auto name = base::parse_hostname(text);
  if (!name) return name;
  if (name->find('.') == std::string::npos) {
    return base::fail(
        base::ErrorCode::invalid,
        fmt::format("\"{}\" has no domain; give a full hostname such as www.example.com", *name));
  }
  return name;
}

base::Status check_cert_name(std::string_view name) {
  return check_name("\"cert_name\"", name);
}

base::Status check_token_name(std::string_view name) {
  return check_name("The token's name", name);
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

base::Status check_directory_url(std::string_view url) {
  auto parsed = base::parse_url(url);
  if (parsed && parsed->scheme == "https") return {};
  return base::fail(base::ErrorCode::invalid, "\"acme_directory_url\" must be an https:// URL.");
}

std::string dashed(std::string_view hostname) {
  std::string text(hostname);
  std::ranges::replace(text, '.', '-');
  return text;
}

}  // namespace cardea::api
