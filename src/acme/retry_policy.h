// When an attempt that failed is repeated: the kind of failure, and the delay that follows from it. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "acme/problem.h"
#include "base/error.h"

namespace cardea::acme {

// From the mildest to the most lasting; the order decides when a CA names several reasons at once.
enum class FailureClass : std::uint8_t {
  transient,     // nobody said no: no answer, the CA's own trouble, the store is away
  validation,    // the CA looked at a name and did not find what it asked for
  policy,        // the CA will say the same again until somebody changes something
  rate_limited,  // the CA counts, and says until when
  local_limit,   // our own count of the CA's limits: the CA was not asked
  stopped,       // only a person can go on: new terms, a binding that is missing, an account that was closed
};

// "transient" … "stopped": for logs and objects.
[[nodiscard]] std::string_view to_string(FailureClass failure);

// What kind of failure an attempt ended with. `problem` is empty() unless the CA sent one; `retry_after` is
// what it said with it. Never local_limit.
[[nodiscard]] FailureClass classify(const base::Error& error, const Problem& problem,
                                    std::optional<std::chrono::seconds> retry_after = std::nullopt);

// How long to wait after `attempts` (at least 1) failures in a row, the last of which is `failure`. Never
// shorter than `retry_after`, nor than a minute; `random` adds up to a tenth, so that nodes and names that
// failed together do not come back together. At most kRetryDelayMax. nullopt: never by itself.
[[nodiscard]] std::optional<std::chrono::seconds> retry_delay(FailureClass failure, unsigned attempts,
                                                              std::optional<std::chrono::seconds> retry_after,
                                                              std::uint64_t random);

}  // namespace cardea::acme
