// The limits of resolving upstreams' names; part of limits.h, which is what others include.
#pragma once

#include <chrono>
#include <cstddef>

namespace cardea::base {

using namespace std::chrono_literals;

// The system's resolver tells no lifetime of an answer. Short enough that a container that was started anew
// is found soon, long enough that a busy host asks rarely.
inline constexpr auto kNameFresh = 10s;
// An answer at whose addresses nobody accepts is fresh no longer than this: whoever was started anew has
// another.
inline constexpr auto kNameDoubted = 1s;
// The last good answer is used for this long while there is no new one: an outage of the name servers should
// not be one of the sites.
inline constexpr auto kNameUsable = 5min;
// A name that does not resolve is not asked for again sooner.
inline constexpr auto kNameFailureKept = 2s;
// How long a request waits for a new answer while there is an old one that can be used.
inline constexpr auto kNameRefreshPatience = 1s;
// Without an old one, as long as for dialling; after it requests fail at once until the resolver gives up or
// answers.
inline constexpr auto kNamePatience = 5s;
// Names kept per worker, some 300 bytes each; the one that was used least lately goes.
inline constexpr std::size_t kNamesKeptMax = 1024;
// Names that the process resolves at once, each on a thread of its own. One that gets no answer takes 10 to
// 30 s.
inline constexpr std::size_t kLookupsMax = 32;
// A name that took this long the last time is slow, and slow ones leave room for the others.
inline constexpr auto kSlowLookup = 2s;
inline constexpr std::size_t kSlowLookupsMax = 16;
inline constexpr std::size_t kSlowNamesMax = 1024;

}  // namespace cardea::base
