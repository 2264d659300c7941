#include "base/url.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "base/hostname.h"
#include "base/strings.h"

namespace cardea::base {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint16_t>, 7> kUsualPorts = {{
    {"http", 80},
    {"https", 443},
    {"ws", 80},
    {"wss", 443},
    {"h2c", 80},
    {"redis", 6379},
    {"rediss", 6379},
}};

std::uint16_t usual_port(std::string_view scheme) {
  for (const auto& [name, port] : kUsualPorts) {
    if (name == scheme) return port;
  }
  return 0;
}

std::unexpected<Error> bad_url(std::string_view text, std::string_view why) {
  return fail(ErrorCode::invalid, fmt::format("\"{}\" is not a usable URL: {}", printable(text, 120), why));
}

}  // namespace

std::string Url::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string text = v6 ? "[" + host + "]" : host;
  if (port != 0 && port != usual_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

Result<Url> parse_url(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return bad_url(text, "it has no scheme (http://…)");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return bad_url(text, "it has a space in it");
    if (c == '#') return bad_url(text, "it has a fragment (#…)");
  }
  Url url;
  url.scheme = to_lower(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 3);
  const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  url.path = rest.substr(slash);
  if (url.path.starts_with('?')) url.path.insert(0, "/");
  std::string_view authority = rest.substr(0, slash);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    url.userinfo = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  if (url.scheme == "unix") {
    if (!authority.empty() || url.path.empty()) return bad_url(text, "unix:// wants an absolute path");
    return url;
  }
  auto parsed = parse_authority(authority);
  if (!parsed) return bad_url(text, parsed.error().context);
  url.host = std::move(parsed->host);
  url.port = parsed->port != 0 ? parsed->port : usual_port(url.scheme);
  return url;
}

}  // namespace cardea::base
