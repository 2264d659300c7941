// cardea health: one real request through the server's own listener.
#pragma once

#include "cli/store_access.h"

namespace cardea::cli {

// Prints the answer of GET /health. Returns 0 if it says healthy, kExitFailed if not or if there is no
// answer.
int check_health(const AdminAddress& admin);

}  // namespace cardea::cli
