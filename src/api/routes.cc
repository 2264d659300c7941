#include "api/routes.h"

#include <array>

#include "base/strings.h"

namespace cardea::api {
namespace {

constexpr std::array<Route, 10> kRoutes = {{
    {"GET", "/certificates", Access::open, Operation::list_certificates},
    {"POST", "/certificates", Access::token, Operation::create_certificate},
    {"GET", "/certificates/{}", Access::open, Operation::get_certificate},
    {"GET", "/certificates/{}/status", Access::open, Operation::get_certificate_status},
    {"POST", "/certificates/{}/renew", Access::token, Operation::renew_certificate},
    {"GET", "/proxy/targets", Access::open, Operation::list_targets},
    {"POST", "/proxy/targets", Access::token, Operation::create_target},
    {"GET", "/proxy/targets/{}", Access::open, Operation::get_target},
    {"DELETE", "/proxy/targets/{}", Access::token, Operation::delete_target},
    {"GET", "/health", Access::open, Operation::get_health},
}};

int hex_value(char c) {
  if (base::is_digit(c)) return c - '0';
  const char lowered = base::to_lower(c);
  return lowered >= 'a' && lowered <= 'f' ? lowered - 'a' + 10 : -1;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

std::optional<std::string> match_path(std::string_view pattern, std::string_view path) {
  const std::size_t hole = pattern.find("{}");
  if (hole == std::string_view::npos) return pattern == path ? std::optional<std::string>("") : std::nullopt;
  const std::string_view before = pattern.substr(0, hole);
  const std::string_view after = pattern.substr(hole + 2);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after)) {
    return std::nullopt;
  }
  const std::string_view segment = path.substr(before.size(), path.size() - before.size() - after.size());
  if (segment.find('/') != std::string_view::npos) return std::nullopt;
  return percent_decode(segment);
}

}  // namespace cardea::api
