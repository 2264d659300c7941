// The Lua scripts: each is one step that must happen whole or not at all.
#pragma once

#include <string>

namespace cardea::store::scripts {

// Writes one object if it is as the caller last saw it, and tells everybody.
// KEYS: object, index, changes, generation counter, lease ("" if none), due queue ("" if none), key to remove
//       along with it ("" if none).
// ARGV: JSON beginning with {"generation":N ; expected ("any", "absent" or a number); kind; name; fence (""
//       if none); changes kept; score in the due queue ("" takes the name off it).
// Returns {"saved", new generation}, {"changed", generation found} or {"fenced", fence found}.
extern const std::string kSave;

// Removes one object likewise, from the due queue too. KEYS: as above.
// ARGV: expected; kind; name; fence; changes kept. Returns {"erased", n}, {"absent", 0}, {"changed", …},
// {"fenced", …}.
extern const std::string kErase;

// Reads the texts of several keys, of the first ones only where all together would be too long.
// KEYS: objects, at least one. ARGV: bytes at most of one, of all. Returns a list with at least one item, in
// the order of the keys: the text; nil if there is none; its size if it is too long; an error if it is no
// text.
extern const std::string kLoad;

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

// Writes or removes a key if the lease is held by the caller; writes only if the object that it belongs to is
// there. KEYS: key, lease; for saving: the object. ARGV: the lease's value; for saving: text, seconds to keep
// it. Returns 1, or 0 if the lease is not the caller's or the object is gone.
extern const std::string kSaveUnderLease;
extern const std::string kEraseUnderLease;

// Takes names that are due and lets them come back later. KEYS: due queue. ARGV: now, how many, when they
// come back. Returns the names.
extern const std::string kClaimDue;

// Moves an account to another name. KEYS: key and state of the old name, key and state of the new one.
// Returns 1, or 0 if there is no old one or the new one has a key already.
extern const std::string kRenameAccount;

// Moves a name in the due queue, or takes it off, if its object is still what was read. KEYS: due queue,
// object. ARGV: generation that was read ("": there was no object), score ("" takes it off), name. Returns 1,
// or 0.
extern const std::string kSettleDue;

// Stores a text with a time until which it counts, unless one that counts for longer is there. KEYS: key.
// ARGV: text, milliseconds.
extern const std::string kKeepLonger;

}  // namespace cardea::store::scripts
