#include "api/routes.h"

#include <array>

#include "base/encoding.h"

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
  return base::percent_decode(segment);
}

}  // namespace cardea::api
