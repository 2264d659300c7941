// The table of the API's routes: one line per operation.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::api {

enum class Operation : std::uint8_t {
  list_certificates,
  create_certificate,
  get_certificate,
  get_certificate_status,
  renew_certificate,
  revoke_certificate,
  delete_certificate,
  delete_certificate_domain,
  list_targets,
  create_target,
  get_target,
  update_target,
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
// The segments that "{}" stands for, percent-decoded, in their order; nullopt if `path` is not of that
// pattern.
[[nodiscard]] std::optional<std::vector<std::string>> match_path(std::string_view pattern,
                                                                 std::string_view path);

}  // namespace cardea::api
