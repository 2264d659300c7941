// What happened to a certificate, for the person who wants to know why.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "base/clock.h"

namespace cardea::store {

class JsonObjectReader;

// One exchange with the CA, or one decision of ours.
struct HistoryEntry {
  base::Time at;
  std::string step;     // account, order, validation, …
  std::string message;  // a sentence
  int status = 0;       // HTTP status of the CA's answer; 0: there was no exchange or no answer

  bool operator==(const HistoryEntry&) const = default;
};

// Appends, and forgets the oldest beyond kHistoryEntriesMax.
void add_history(std::vector<HistoryEntry>& history, HistoryEntry entry);

// The member "history" of a stored object; complaints are the reader's.
void take_history(JsonObjectReader& reader, std::vector<HistoryEntry>& history);
[[nodiscard]] boost::json::array history_array(const std::vector<HistoryEntry>& history);

}  // namespace cardea::store
