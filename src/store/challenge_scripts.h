// The Lua scripts of challenges: each is one step that must happen whole or not at all.
#pragma once

#include <string>

namespace cardea::store::scripts {

// Stores a challenge unless another one is there; the same one lives on. KEYS: challenge. ARGV: key
// authorisation, seconds. Returns 1, or 0 if another one is there.
extern const std::string kPutChallenge;

// Lets a challenge expire if it is this one. KEYS: challenge. ARGV: key authorisation, seconds (0: at once).
// Returns how many it was.
extern const std::string kEraseChallenge;

}  // namespace cardea::store::scripts
