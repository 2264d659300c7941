#include "api/message.h"

#include <boost/json/serialize.hpp>

#include "base/encoding.h"
#include "base/strings.h"
#include "http/message.h"

namespace cardea::api {
namespace {

int status_of(const base::Error& error) {
  switch (error.code) {
    // What is stored is not the client's fault, and stays as it is until somebody mends it.
    case base::ErrorCode::invalid: return error.source == base::ErrorSource::store ? 500 : 400;
    case base::ErrorCode::unauthorized: return 401;
    case base::ErrorCode::forbidden: return 403;
    case base::ErrorCode::not_found: return 404;
    case base::ErrorCode::conflict: return 409;
    case base::ErrorCode::too_large: return 413;
    default: return 503;  // the store is away or in trouble: trying later may help
  }
}

}  // namespace

Response json_response(int status, const boost::json::value& value) {
  return {status, "application/json", boost::json::serialize(value) + "\n", {}};
}

Response problem_response(int status, std::string_view detail) {
  Response response = json_response(status, {{"type", "about:blank"},
                                             {"title", http::reason_phrase(status)},
                                             {"status", status},
                                             {"detail", detail}});
  response.content_type = "application/problem+json";
  return response;
}

Response error_response(const base::Error& error) {
  Response response = problem_response(status_of(error), error.context);
  if (response.status == 401) response.fields.emplace_back("WWW-Authenticate", "Bearer");
  if (response.status == 503) response.fields.emplace_back("Retry-After", "5");
  return response;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  for (const std::string_view part : base::split(query, '&')) {
    const std::size_t equals = std::min(part.find('='), part.size());
    if (part.substr(0, equals) != name) continue;
    return base::percent_decode(part.substr(std::min(equals + 1, part.size())));
  }
  return std::nullopt;
}

bool query_flag(std::string_view query, std::string_view name) {
  for (const std::string_view part : base::split(query, '&')) {
    if (part == name) return true;
  }
  const auto value = query_value(query, name);
  return value && (*value == "true" || *value == "1");
}

}  // namespace cardea::api
