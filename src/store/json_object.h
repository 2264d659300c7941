// Typed access to the members of a stored JSON object. Only the records' source files use it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.h"
#include "base/error.h"

namespace cardea::store {

// Takes members out of a parsed object. A member that is absent or null leaves the target as it is; one of
// the wrong type, or a missing required one, makes finish() fail with a sentence that names it. What nobody
// took stays: unknown members of others are kept and written again.
class JsonObjectReader {
 public:
  // `what` names the object in errors: `certificate "x"`.
  static base::Result<JsonObjectReader> parse(std::string_view text, std::string what);

  void take(std::string_view member, std::string& target);
  void take(std::string_view member, bool& target);
  void take(std::string_view member, std::uint64_t& target);
  void take(std::string_view member, unsigned& target);
  void take(std::string_view member, int& target);
  void take(std::string_view member, std::optional<base::Time>& target);
  void take(std::string_view member, std::vector<std::string>& target);
  // A JSON object of strings; the order is kept.
  void take(std::string_view member, std::vector<std::pair<std::string, std::string>>& target);
  // A list of objects, or one object, as readers of their own. What a part complains about is this object's
  // complaint when the part is handed to adopt().
  std::vector<JsonObjectReader> take_objects(std::string_view member);
  std::optional<JsonObjectReader> take_object(std::string_view member);
  void adopt(const JsonObjectReader& part);
  // Any JSON value, as text; "" if it is absent or null.
  void take_text_of(std::string_view member, std::string& target);
  template <typename T>
  void take_required(std::string_view member, T& target) {
    if (!has(member)) return complain(member, "is missing");
    take(member, target);
  }
  void complain(std::string_view member, std::string_view why);

  // The first complaint, or the members that were not taken as a JSON text ("" if none).
  [[nodiscard]] base::Result<std::string> finish();

 private:
  JsonObjectReader(boost::json::object object, std::string what)
      : object_(std::move(object)), what_(std::move(what)) {}
  [[nodiscard]] bool has(std::string_view member) const;
  // Takes the member off the object; nullopt if it is absent or null.
  std::optional<boost::json::value> extract(std::string_view member);

  boost::json::object object_;
  std::string what_;
  std::optional<base::Error> error_;
};

// An object that begins with {"generation":N, as the commit script expects it.
[[nodiscard]] boost::json::object begin_object(std::uint64_t generation);
void put_time(boost::json::object& object, std::string_view member, const std::optional<base::Time>& time);
// A member that is a JSON text already; left out when `text` is "" or no JSON.
void put_json(boost::json::object& object, std::string_view member, std::string_view text);
// Appends the members that the reader did not know, and writes the text.
[[nodiscard]] std::string finish_object(boost::json::object object, std::string_view other_members);

}  // namespace cardea::store
