// Wall-clock times and their text forms. Pure code takes `now` as an argument; only drivers call now().
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cardea::base {

// All stored times are whole seconds since 1970 UTC.
using Time = std::chrono::sys_seconds;

[[nodiscard]] Time now();
// "2024-03-15T00:00:00Z" (RFC 3339 §5.6, always UTC).
[[nodiscard]] std::string to_rfc3339(Time time);
// Accepts "Z" or a numeric offset and drops fractions of a second; nullopt if it is not a date-time.
[[nodiscard]] std::optional<Time> parse_rfc3339(std::string_view text);
// The three forms of RFC 9110 §5.6.7; nullopt if it is none of them.
[[nodiscard]] std::optional<Time> parse_http_date(std::string_view text);
// "Fri, 15 Mar 2024 00:00:00 GMT".
[[nodiscard]] std::string to_http_date(Time time);

}  // namespace cardea::base
