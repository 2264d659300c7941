#include "api/routes.h"

#include <array>

#include "base/encoding.h"
#include "base/strings.h"

namespace cardea::api {
namespace {

constexpr std::array<Route, 14> kRoutes = {{
    {"GET", "/certificates", Access::open, Operation::list_certificates},
    {"POST", "/certificates", Access::token, Operation::create_certificate},
    {"GET", "/certificates/{}", Access::open, Operation::get_certificate},
    {"GET", "/certificates/{}/status", Access::open, Operation::get_certificate_status},
    {"POST", "/certificates/{}/renew", Access::token, Operation::renew_certificate},
    {"POST", "/certificates/{}/revoke", Access::token, Operation::revoke_certificate},
    {"DELETE", "/certificates/{}", Access::token, Operation::delete_certificate},
    {"DELETE", "/certificates/{}/domains/{}", Access::token, Operation::delete_certificate_domain},
    {"GET", "/proxy/targets", Access::open, Operation::list_targets},
    {"POST", "/proxy/targets", Access::token, Operation::create_target},
    {"GET", "/proxy/targets/{}", Access::open, Operation::get_target},
    {"PUT", "/proxy/targets/{}", Access::token, Operation::update_target},
    {"DELETE", "/proxy/targets/{}", Access::token, Operation::delete_target},
    {"GET", "/health", Access::open, Operation::get_health},
}};

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

std::optional<std::vector<std::string>> match_path(std::string_view pattern, std::string_view path) {
  const auto wanted = base::split(pattern, '/');
  const auto given = base::split(path, '/');
  if (wanted.size() != given.size()) return std::nullopt;
  std::vector<std::string> segments;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] != "{}") {
      if (wanted[i] != given[i]) return std::nullopt;
      continue;
    }
    auto segment = given[i].empty() ? std::nullopt : base::percent_decode(given[i]);
    if (!segment) return std::nullopt;
    segments.push_back(std::move(*segment));
  }
  return segments;
}

}  // namespace cardea::api
