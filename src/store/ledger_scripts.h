// The Lua scripts of the ledger: several windows looked at, or written, as of one moment. Each window is a
// sorted set of event ids by their time in seconds. Time comes from the caller only.
#pragma once

#include <string>

namespace cardea::store::scripts {

// KEYS: windows. ARGV: now; then for each window, its count and length in seconds.
// Returns {0, 0} if all have room, else the number (from 1) of the one that has room last, and when.
extern const std::string kFindFullWindow;

// Adds one event to all windows, unless it is in there already. KEYS, ARGV: as above, but the event's id
// stands after now. Returns the number of windows to which it was new.
extern const std::string kAddLedgerEvent;

}  // namespace cardea::store::scripts
