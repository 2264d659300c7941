// cardea serve: everything wired together, from the configuration to the end of the process.
#pragma once

#include "server/config.h"

namespace cardea::server {

inline constexpr int kExitCannotStart = 2;

// Serves until SIGTERM or SIGINT and the drain that follows; a second signal ends at once. Returns the exit
// code: 0, or kExitCannotStart after a sentence on standard error.
int serve(const Config& config);

// Reads the process environment. On faults says all of them on standard error and returns nullopt.
std::optional<Config> load_config();

}  // namespace cardea::server
