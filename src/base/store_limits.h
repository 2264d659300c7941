// The limits of what is kept in Redis and asked of it; part of limits.h, which is what others include.
#pragma once

#include <chrono>
#include <cstddef>

namespace cardea::base {

using namespace std::chrono_literals;

inline constexpr auto kRedisCommandTimeout = 5s;
inline constexpr auto kRedisReconnectDelayMin = 100ms;
inline constexpr auto kRedisReconnectDelayMax = 5s;
// Commands waiting for an answer or a connection; beyond it new ones fail at once instead of piling up.
inline constexpr std::size_t kRedisPendingMax = 10'000;
// One reply. The largest object, a certificate with its chain and history, has some tens of KiB.
inline constexpr std::size_t kRedisReplyBytesMax = 16 * 1024 * 1024;
// A connection without a command is asked this often whether it still lives.
inline constexpr auto kRedisIdlePing = 15s;
// One object: the longest chain that a CA may send, with history and revocations, has half of it. What is
// longer was not written by us, and is left out instead of being a reply over the limit for all.
inline constexpr std::size_t kObjectBytesMax = 1024 * 1024;
// Objects fetched in one command of a list, and their bytes, beyond which the rest comes in another one: 100
// certificates are a few MiB.
inline constexpr std::size_t kRedisListChunk = 100;
inline constexpr std::size_t kRedisListBytesMax = 8 * 1024 * 1024;
// Names taken from an index, or keys looked at when one is rebuilt, in one command: about a millisecond of
// Redis.
inline constexpr std::size_t kRedisScanChunk = 1000;
// Changes kept for nodes that were away; who was away for longer reads everything anew.
inline constexpr std::size_t kChangesKept = 10'000;
inline constexpr std::size_t kChangesPerReadMax = 1000;
// One blocking read of the changes; also how soon a dead connection is noticed.
inline constexpr auto kChangesBlock = 5s;
// RFC 8555 validations end within minutes; the specification keeps a challenge for an hour.
inline constexpr auto kChallengeLifetime = 3600s;
// After an attempt has failed; CAs ask from several places and give up on each within half a minute.
inline constexpr auto kChallengeAfterFailure = 60s;
// Longer than any step; what is older was left by a node that died.
inline constexpr auto kProgressLifetime = 180s;

}  // namespace cardea::base
