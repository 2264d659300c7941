// What open files are kept for; part of limits.h, which is what others include.
#pragma once

#include <cstddef>

namespace cardea::base {

// Descriptors that no client gets: Redis, log files, questions for names, and those of the loop and the
// listeners of each worker. Even a limit that is too low leaves some for clients.
inline constexpr std::size_t kDescriptorsReserved = 64;
inline constexpr std::size_t kDescriptorsPerWorker = 16;
inline constexpr std::size_t kDescriptorsMin = 32;
// With many workers nothing might be left for one, which would then refuse everybody.
inline constexpr std::size_t kConnectionsPerWorkerMin = 8;
// Room for fewer clients than this is worth a warning at the start: a browser opens six connections.
inline constexpr std::size_t kFewConnections = 1000;

}  // namespace cardea::base
