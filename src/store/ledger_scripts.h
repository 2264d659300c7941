// The Lua scripts of the ledger: several windows looked at, or written, as of one moment. Each window is a
// sorted set of event ids by their time in seconds. Time comes from the caller only.
#pragma once

#include <string>

namespace cardea::store::scripts {

// Adds one event to the first windows if all have room for it; one that has the event already has. KEYS:
// windows. ARGV: now, the event's id, to how many it is added; then for each window, its count and length in
// seconds. Returns {0, 0}, or the number (from 1) of the window that has room last, and when: nothing is
// added.
extern const std::string kReserveLedgerEvent;

// Adds one event to all windows, full or not; one that is in there already counts from now. KEYS: windows.
// ARGV: now, the event's id; then for each window, its count and length in seconds.
extern const std::string kAddLedgerEvent;

// KEYS: windows. ARGV: the event's id.
extern const std::string kRemoveLedgerEvent;

}  // namespace cardea::store::scripts
