#include "store/history.h"

#include <utility>

#include <boost/json/array.hpp>

#include "base/limits.h"
#include "store/json_object.h"

namespace cardea::store {

namespace json = boost::json;

void add_history(std::vector<HistoryEntry>& history, HistoryEntry entry) {
  if (history.size() >= base::kHistoryEntriesMax) history.erase(history.begin());
  history.push_back(std::move(entry));
}

void take_history(JsonObjectReader& reader, std::vector<HistoryEntry>& history) {
  for (JsonObjectReader& part : reader.take_objects("history")) {
    std::optional<base::Time> at;
    HistoryEntry entry;
    part.take("at", at);
    part.take("step", entry.step);
    part.take("message", entry.message);
    part.take("status", entry.status);
    entry.at = at.value_or(base::Time{});
    add_history(history, std::move(entry));
    reader.adopt(part);
  }
}

json::array history_array(const std::vector<HistoryEntry>& history) {
  json::array list;
  for (const HistoryEntry& entry : history) {
    json::object part;
    put_time(part, "at", entry.at);
    part.emplace("step", entry.step);
    part.emplace("message", entry.message);
    if (entry.status != 0) part.emplace("status", entry.status);
    list.push_back(std::move(part));
  }
  return list;
}

}  // namespace cardea::store
