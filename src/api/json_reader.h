// Members of a request's JSON object, checked as they are taken; all that is wrong is said at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "base/error.h"

namespace cardea::api {

class JsonReader {
 public:
  // Error (invalid): not JSON, or not an object.
  static base::Result<JsonReader> parse(std::string_view body);

  // The member if it is there and of that type; a wrong type is a fault. null counts as not there.
  std::optional<std::string> text(std::string_view name);
  // The same; that it is not there, or null, is a fault too.
  std::optional<std::string> required_text(std::string_view name);
  std::optional<bool> flag(std::string_view name);
  std::optional<std::vector<std::string>> texts(std::string_view name);
  // A JSON object of texts, in its order.
  std::optional<std::vector<std::pair<std::string, std::string>>> text_map(std::string_view name);

  // Adds a fault that the caller found.
  void complain(std::string sentence) { faults_.push_back(std::move(sentence)); }
  // Error (invalid) with every fault, members that nobody asked for included.
  base::Status finish();

 private:
  explicit JsonReader(boost::json::object object) : object_(std::move(object)) {}
  const boost::json::value* take(std::string_view name);

  boost::json::object object_;
  std::vector<std::string> known_;
  std::vector<std::string> faults_;
};

}  // namespace cardea::api
