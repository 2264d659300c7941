#include "store/json_object.h"

#include <limits>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "base/strings.h"

namespace cardea::store {
namespace json = boost::json;

namespace {

std::string to_std(const json::string& text) {
  return {text.data(), text.size()};
}

}  // namespace

base::Result<JsonObjectReader> JsonObjectReader::parse(std::string_view text, std::string what) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error) {
    return base::fail(base::ErrorCode::invalid, fmt::format("{} is not JSON: {}", what, error.message()),
                      base::ErrorSource::store);
  }
  if (!value.is_object()) {
    return base::fail(base::ErrorCode::invalid, what + " is not a JSON object", base::ErrorSource::store);
  }
  return JsonObjectReader(std::move(value.get_object()), std::move(what));
}

bool JsonObjectReader::has(std::string_view member) const {
  const json::value* found = object_.if_contains(member);
  return found != nullptr && !found->is_null();
}

std::optional<json::value> JsonObjectReader::extract(std::string_view member) {
  const auto found = object_.find(member);
  if (found == object_.end()) return std::nullopt;
  json::value value = std::move(found->value());
  object_.stable_erase(found);
  if (value.is_null()) return std::nullopt;
  return value;
}

void JsonObjectReader::complain(std::string_view member, std::string_view why) {
  if (error_) return;
  error_ = base::Error{base::ErrorCode::invalid, base::ErrorSource::store, false,
                       fmt::format("{}: member \"{}\" {}", what_, member, why)};
}

void JsonObjectReader::take(std::string_view member, std::string& target) {
  const auto value = extract(member);
  if (!value) return;
  if (!value->is_string()) return complain(member, "is not a string");
  target = to_std(value->get_string());
}

void JsonObjectReader::take(std::string_view member, bool& target) {
  const auto value = extract(member);
  if (!value) return;
  if (!value->is_bool()) return complain(member, "is not true or false");
  target = value->get_bool();
}

void JsonObjectReader::take(std::string_view member, std::uint64_t& target) {
  const auto value = extract(member);
  if (!value) return;
  if (value->is_uint64()) {
    target = value->get_uint64();
  } else if (value->is_int64() && value->get_int64() >= 0) {
    target = static_cast<std::uint64_t>(value->get_int64());
  } else {
    complain(member, "is not a whole number from 0");
  }
}

void JsonObjectReader::take(std::string_view member, unsigned& target) {
  std::uint64_t number = target;
  take(member, number);
  if (number > std::numeric_limits<unsigned>::max()) return complain(member, "is too large");
  target = static_cast<unsigned>(number);
}

void JsonObjectReader::take(std::string_view member, int& target) {
  std::uint64_t number = 0;
  if (!has(member)) return;
  take(member, number);
  if (number > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
    return complain(member, "is too large");
  }
  target = static_cast<int>(number);
}

std::vector<JsonObjectReader> JsonObjectReader::take_objects(std::string_view member) {
  std::vector<JsonObjectReader> parts;
  auto value = extract(member);
  if (!value) return parts;
  if (!value->is_array()) {
    complain(member, "is not a list of objects");
    return parts;
  }
  for (json::value& item : value->get_array()) {
    if (!item.is_object()) {
      complain(member, "is not a list of objects");
      return {};
    }
    parts.push_back(JsonObjectReader(std::move(item.get_object()), what_));
  }
  return parts;
}

std::optional<JsonObjectReader> JsonObjectReader::take_object(std::string_view member) {
  auto value = extract(member);
  if (!value) return std::nullopt;
  if (!value->is_object()) {
    complain(member, "is not an object");
    return std::nullopt;
  }
  return JsonObjectReader(std::move(value->get_object()), what_);
}

void JsonObjectReader::adopt(const JsonObjectReader& part) {
  if (!error_ && part.error_) error_ = part.error_;
}

void JsonObjectReader::take_text_of(std::string_view member, std::string& target) {
  const auto value = extract(member);
  if (value) target = json::serialize(*value);
}

void JsonObjectReader::take(std::string_view member, std::optional<base::Time>& target) {
  const auto value = extract(member);
  if (!value) return;
  if (!value->is_string()) return complain(member, "is not a string");
  if (value->get_string().empty()) return;
  target = base::parse_rfc3339(to_std(value->get_string()));
  if (!target) complain(member, "is not a time like 2024-03-15T00:00:00Z");
}

void JsonObjectReader::take(std::string_view member, std::vector<std::string>& target) {
  const auto value = extract(member);
  if (!value) return;
  if (!value->is_array()) return complain(member, "is not a list of strings");
  std::vector<std::string> items;
  for (const json::value& item : value->get_array()) {
    if (!item.is_string()) return complain(member, "is not a list of strings");
    items.push_back(to_std(item.get_string()));
  }
  target = std::move(items);
}

void JsonObjectReader::take(std::string_view member,
                            std::vector<std::pair<std::string, std::string>>& target) {
  const auto value = extract(member);
  if (!value) return;
  if (!value->is_object()) return complain(member, "is not an object of strings");
  std::vector<std::pair<std::string, std::string>> items;
  for (const auto& item : value->get_object()) {
    if (!item.value().is_string()) return complain(member, "is not an object of strings");
    items.emplace_back(std::string(item.key()), to_std(item.value().get_string()));
  }
  target = std::move(items);
}

base::Result<std::string> JsonObjectReader::finish() {
  if (error_) return std::unexpected(*error_);
  if (object_.empty()) return std::string();
  return json::serialize(object_);
}

json::object begin_object(std::uint64_t generation) {
  json::object object;
  object.emplace("generation", generation);
  return object;
}

void put_time(json::object& object, std::string_view member, const std::optional<base::Time>& time) {
  if (time) object.emplace(member, base::to_rfc3339(*time));
}

void put_json(json::object& object, std::string_view member, std::string_view text) {
  if (text.empty()) return;
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (!error) object.emplace(member, std::move(value));
}

std::string finish_object(json::object object, std::string_view other_members) {
  if (!other_members.empty()) {
    boost::system::error_code error;
    json::value other = json::parse(other_members, error);
    if (!error && other.is_object()) {
      // emplace() leaves a member of ours alone if both have one.
      for (auto& member : other.get_object()) object.emplace(member.key(), std::move(member.value()));
    }
  }
  // A byte that is no UTF-8 would make the whole object unreadable for ever, so none gets in, wherever it
  // came from.
  return base::to_valid_utf8(json::serialize(object));
}

}  // namespace cardea::store
