// The limits of CAs as ACME_RATE_LIMITS gives them, so that Cardea stops before a CA has to stop it. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace cardea::acme {

enum class LimitKind : std::uint8_t {
  orders,     // new orders of one account
  domain,     // certificates for names under one registered domain, but not those for the same names again
  duplicate,  // certificates for exactly the same names
  failures,   // failed validations of one name by one account
};
// The word of ACME_RATE_LIMITS and of keys: "orders" ….
[[nodiscard]] std::string_view to_string(LimitKind kind);

// At most `count` events within any `window`.
struct Limit {
  std::uint64_t count = 0;
  std::chrono::seconds window{};
  bool operator==(const Limit&) const = default;
};

// By CA (the authority of its directory's URL), then by kind; what is not there is not limited.
using RateLimits = std::map<std::string, std::map<LimitKind, Limit>, std::less<>>;

// "AUTHORITY orders=300/10800 failures=5/3600; AUTHORITY …": COUNT/SECONDS, up to kLedgerEventsMax and
// kLedgerWindowMax; "" gives none. Error (invalid), naming what is wrong: an entry of another form, an
// authority or a limit that is there twice.
[[nodiscard]] base::Result<RateLimits> parse_rate_limits(std::string_view text);

// nullptr: not limited. Lives as long as `limits`.
[[nodiscard]] const Limit* find_limit(const RateLimits& limits, std::string_view authority, LimitKind kind);

// "5 certificates for the same names in 7 days". `subject` is the domain or name that the limit is about.
[[nodiscard]] std::string describe(LimitKind kind, const Limit& limit, std::string_view subject);

}  // namespace cardea::acme
