// Retry-After (RFC 9110 §10.2.3) as a CA sends it.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace cardea::acme {

// Seconds or an HTTP-date, kept between kRetryAfterMin and kRetryAfterMax; a date in the past gives
// kRetryAfterMin. nullopt if the value is absent ("") or neither form (a negative number is neither): the
// caller then has its own interval.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, base::Time now);

}  // namespace cardea::acme
