// Requests and responses of the API as values: they cross from a worker to the control thread and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include "base/error.h"

namespace cardea::api {

struct Request {
  std::string method;
  std::string path;   // without the query
  std::string query;  // without '?'
  std::string authorization;
  std::string content_type;
  std::string body;
};

struct Response {
  int status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields;
};

[[nodiscard]] Response json_response(int status, const boost::json::value& value);
// A problem document (RFC 9457): status, its title, and `detail`, which says what to do.
[[nodiscard]] Response problem_response(int status, std::string_view detail);
// The one table from errors to statuses of the API.
[[nodiscard]] Response error_response(const base::Error& error);

// The value of "name=value" in the query; nullopt if the name is not there.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view name);
// Is "name=true" (or just "name") in the query?
[[nodiscard]] bool query_flag(std::string_view query, std::string_view name);

}  // namespace cardea::api
