// The Lua scripts: each is one step that must happen whole or not at all.
#pragma once

#include <string>

namespace cardea::store::scripts {

// Writes one object if it is as the caller last saw it, and tells everybody.
// KEYS: object, index, changes, generation counter, lease ("" if none).
// ARGV: JSON beginning with {"generation":N ; expected ("any", "absent" or a number); kind; name; fence (""
// if none);
//       changes kept.
// Returns {"saved", new generation}, {"changed", generation found} or {"fenced", fence found}.
extern const std::string kSave;

// Removes one object likewise. KEYS: object, index, changes, generation counter, lease.
// ARGV: expected; kind; name; fence; changes kept. Returns {"erased", n}, {"absent", 0}, {"changed", …},
// {"fenced", …}.
extern const std::string kErase;

// Stores a token under both of its keys unless the name is taken. KEYS: by name, by hash, index, changes,
// counter. ARGV: JSON; kind; name; changes kept. Returns 1, or 0 if the name or the hash exists.
extern const std::string kCreateToken;

// Removes a token under both keys if it still is what the caller read. KEYS as above. ARGV as above.
// Returns 1, or 0 if it changed or went meanwhile.
extern const std::string kEraseToken;

// KEYS: lease, fence counter. ARGV: owner, milliseconds. Returns the fencing number, or 0 if somebody holds
// it.
extern const std::string kAcquireLease;
// KEYS: lease. ARGV: the value "owner:fence", milliseconds. Returns 1, or 0 if it is not ours any more.
extern const std::string kExtendLease;
// KEYS: lease. ARGV: the value. Returns 1, or 0 if it was not ours any more.
extern const std::string kReleaseLease;

}  // namespace cardea::store::scripts
