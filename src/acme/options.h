// What the operator sets for the work on certificates.
#pragma once

#include <chrono>

namespace cardea::acme {

struct Options {
  std::chrono::seconds poll_interval{};   // ACME_POLL_INTERVAL_SECONDS
  int polls_max = 0;                      // ACME_POLL_MAX_ATTEMPTS
  std::chrono::days renewal_threshold{};  // RENEWAL_THRESHOLD_DAYS
  std::chrono::seconds check_interval{};  // RENEWAL_CHECK_INTERVAL
};

}  // namespace cardea::acme
