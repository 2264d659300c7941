// The one table from errors to what a client is told.
#pragma once

#include "base/error.h"

namespace cardea::proxy {

// 502 or 504 for what an upstream did, 400 for a body whose framing is broken, 503 for what we cannot do now.
// 0: the client is gone, nobody to tell.
[[nodiscard]] int error_status(const base::Error& error);

}  // namespace cardea::proxy
