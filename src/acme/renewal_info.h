// ACME renewal information (RFC 9773): when a CA wants a certificate to be renewed. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/certificate.h"

namespace cardea::acme {

// How a CA names a certificate, in the path of a question and in an order's "replaces" (§4.1). nullopt: the
// certificate has no authority key identifier, so nothing can be asked about it.
[[nodiscard]] std::optional<std::string> renewal_id(const crypto::Certificate& certificate);

struct RenewalInfo {
  base::Time start;
  base::Time end;               // after `start`
  std::string explanation_url;  // https, for a person to read; "" if there is none. Escape before showing
};

// Error (protocol, source ca): no JSON, no window, a time that is none, or a window that does not end after
// it begins (§4.2: counts as no answer). Windows in the past or after the certificate's end are as good as
// others.
[[nodiscard]] base::Result<RenewalInfo> parse_renewal_info(std::string_view body);

// A time within the window, the same for the same `random` (§4.2: uniformly random).
[[nodiscard]] base::Time choose_renewal_time(const RenewalInfo& info, std::uint64_t random);

// When to look again after an answer with this Retry-After (§4.3.2): kept between kRenewalInfoPollMin and
// kRenewalInfoPollMax; kRenewalInfoPoll if there is none that can be read.
[[nodiscard]] std::chrono::seconds next_poll_delay(std::string_view retry_after, base::Time now);

enum class PollFailure : std::uint8_t { temporary, long_term };
// §4.3.3. `http_status` is 0 if no answer came. An answer of 200 that parse_renewal_info() refuses is
// long_term.
[[nodiscard]] PollFailure poll_failure(int http_status);
// When to look again after the `failures`-th (from 1) failure in a row: 1, 2, 4 … minutes, at most
// kRenewalInfoPoll, which is at once the delay after one that is long_term.
[[nodiscard]] std::chrono::seconds failed_poll_delay(unsigned failures, PollFailure failure);

}  // namespace cardea::acme
