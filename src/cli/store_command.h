// What the commands that work on Redis share.
#pragma once

#include <functional>

#include "base/error.h"
#include "cli/store_access.h"
#include "net/event_loop.h"
#include "net/task.h"
#include "store/repositories.h"

namespace cardea::cli {

// Says the sentence on standard error; kExitFailed.
int fail(const base::Error& error);

// Runs `command` with a connected store on a loop of its own. Returns its exit code, or kExitFailed when
// Redis is not reachable within kRedisCommandTimeout.
using StoreCommand = std::function<net::Task<int>(store::Repositories&)>;
int with_store(const StoreAccess& access, const StoreCommand& command);

}  // namespace cardea::cli
