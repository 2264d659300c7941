// When a certificate is renewed, from its dates alone and the CA's suggestion if there is one. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace cardea::acme {

struct RenewalFacts {
  base::Time not_before;                // of the certificate, by the CA's clock; often back-dated by an hour
  base::Time not_after;                 // of the certificate
  base::Time obtained_at;               // when we stored it, by our own clock
  std::chrono::days threshold{};        // RENEWAL_THRESHOLD_DAYS
  std::optional<base::Time> suggested;  // choose_renewal_time() of renewal_info.h, for this very certificate
  std::uint64_t seed = 0;               // renewal_seed()
};

// Spreads names over time. The same on every node and in every build.
[[nodiscard]] std::uint64_t renewal_seed(std::string_view cert_name, std::string_view fingerprint);

// How long before its end a certificate with these dates comes into question for renewal: its last third (its
// last half if it lives for less than 10 days), but not more than `threshold`. Never negative.
[[nodiscard]] std::chrono::seconds renewal_window(base::Time not_before, base::Time not_after,
                                                  std::chrono::days threshold);

// The time from which the certificate is to be renewed:
// - the CA's suggestion if there is one, but at the latest when a tenth of the lifetime is left;
// - else the beginning of the renewal window, up to a tenth of the window later by `seed`;
// - whatever these say, not before we have had the certificate for kRenewalAgeMin or a tenth of its lifetime,
//   whichever is less. Where it expires even before that, at its end, but not within the first minute.
[[nodiscard]] base::Time renewal_time(const RenewalFacts& facts);

}  // namespace cardea::acme
