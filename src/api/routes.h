// The table of the API's routes: one line per operation.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cardea::api {

enum class Operation : std::uint8_t {
  list_certificates,
  create_certificate,
  get_certificate,
  get_certificate_status,
  renew_certificate,
  list_targets,
  create_target,
  get_target,
  delete_target,
  get_health,
};

enum class Access : std::uint8_t {
  open,   // anybody; a token that is given must still be valid
  token,  // a valid token
};

struct Route {
  std::string_view method;
  std::string_view pattern;  // "{}" stands for one path segment
  Access access;
  Operation operation;
};

[[nodiscard]] std::span<const Route> routes();
// The segment that "{}" stands for, percent-decoded; nullopt if `path` is not of that pattern. "" if it has
// no "{}".
[[nodiscard]] std::optional<std::string> match_path(std::string_view pattern, std::string_view path);

}  // namespace cardea::api
