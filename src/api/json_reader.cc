#include "api/json_reader.h"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <fmt/core.h>

#include "base/strings.h"

namespace cardea::api {

base::Result<JsonReader> JsonReader::parse(std::string_view body) {
  if (base::trim(body).empty())
    return base::fail(base::ErrorCode::invalid, "The request has no body; send a JSON object.");
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(body, error);
  if (error)
    return base::fail(base::ErrorCode::invalid, "The request body is not JSON: " + error.message() + ".");
  if (!value.is_object())
    return base::fail(base::ErrorCode::invalid, "The request body must be a JSON object.");
  return JsonReader(std::move(value.as_object()));
}

const boost::json::value* JsonReader::take(std::string_view name) {
  known_.emplace_back(name);
  const boost::json::value* value = object_.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<std::string> JsonReader::text(std::string_view name) {
  const boost::json::value* value = take(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(value->as_string());
  complain(fmt::format("\"{}\" must be a text.", name));
  return std::nullopt;
}

std::optional<std::string> JsonReader::required_text(std::string_view name) {
  const boost::json::value* value = object_.if_contains(name);
  if (value == nullptr || value->is_null()) complain(fmt::format("\"{}\" is missing.", name));
  return text(name);
}

std::optional<bool> JsonReader::flag(std::string_view name) {
  const boost::json::value* value = take(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->as_bool();
  complain(fmt::format("\"{}\" must be true or false.", name));
  return std::nullopt;
}

std::optional<std::vector<std::string>> JsonReader::texts(std::string_view name) {
  const boost::json::value* value = take(name);
  if (value == nullptr) return std::nullopt;
  std::vector<std::string> out;
  if (value->is_array()) {
    for (const boost::json::value& element : value->as_array()) {
      if (element.is_string()) out.emplace_back(element.as_string());
    }
    if (out.size() == value->as_array().size()) return out;
  }
  complain(fmt::format("\"{}\" must be a list of texts.", name));
  return std::nullopt;
}

std::optional<std::vector<std::pair<std::string, std::string>>> JsonReader::text_map(std::string_view name) {
  const boost::json::value* value = take(name);
  if (value == nullptr) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> out;
  if (value->is_object()) {
    for (const auto& [key, member] : value->as_object()) {
      if (member.is_string()) out.emplace_back(key, member.as_string());
    }
    if (out.size() == value->as_object().size()) return out;
  }
  complain(fmt::format("\"{}\" must be an object of texts.", name));
  return std::nullopt;
}

base::Status JsonReader::finish() {
  for (const auto& member : object_) {
    if (std::ranges::find(known_, std::string_view(member.key())) == known_.end()) {
      complain(fmt::format("\"{}\" is not known here.", base::printable(member.key(), 60)));
    }
  }
  if (faults_.empty()) return {};
  std::string all;
  for (const std::string& fault : faults_) all.append(all.empty() ? "" : " ").append(fault);
  return base::fail(base::ErrorCode::invalid, std::move(all), base::ErrorSource::client);
}

}  // namespace cardea::api
