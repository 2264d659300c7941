#include "acme/retry_policy.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "base/strings.h"

namespace cardea::acme {
namespace {

using namespace std::chrono_literals;
using base::ErrorCode;
using base::ErrorSource;
using std::chrono::seconds;

constexpr seconds kDay = 24h;
constexpr std::size_t kSteps = 5;

struct Schedule {
  FailureClass failure;
  std::string_view name;
  // After the first failure, the second, …; the last one repeats. Zeros: never by itself.
  std::array<seconds, kSteps> delays;
};

// The one table of all delays.
constexpr std::array<Schedule, 6> kSchedules = {{
    // Let's Encrypt's integration guide: 1, 10 and 100 minutes, then daily.
    {FailureClass::transient, "transient", {1min, 10min, 100min, kDay, kDay}},
    // Let's Encrypt allows 5 failed validations of a name within an hour. This makes 3, and leaves 2 to a
    // person
    // who mends something and tries again.
    {FailureClass::validation, "validation", {5min, 15min, 45min, 3h, kDay}},
    // Somebody has to change a CAA record or a setting, which takes hours, and whoever did asks for a renewal
    // anyway. Each attempt costs the CA an order, or even a certificate that we refuse.
    {FailureClass::policy, "policy", {1h, 6h, kDay, kDay, kDay}},
    // Only without Retry-After, which else decides alone. The shortest limits of Let's Encrypt refill in
    // minutes,
    // the longest in a day and a half; a request an hour harms nobody.
    {FailureClass::rate_limited, "rate_limited", {1h, 1h, 1h, 1h, 1h}},
    // Likewise: our count knows when there is room again.
    {FailureClass::local_limit, "local_limit", {1h, 1h, 1h, 1h, 1h}},
    {FailureClass::stopped, "stopped", {}},
}};

constexpr const Schedule& schedule_of(FailureClass failure) {
  return kSchedules[static_cast<std::size_t>(failure)];
}
static_assert(std::ranges::all_of(kSchedules,
                                  [](const Schedule& each) { return &each == &schedule_of(each.failure); }));

// However soon a CA invites us back, a loop without a pause helps nobody.
constexpr seconds kDelayMin = 1min;

// RFC 8555 §6.7, RFC 9773 §5, and the profiles of draft-ietf-acme-profiles. What is not here goes by its
// HTTP status.
constexpr std::array<std::pair<std::string_view, FailureClass>, 25> kTypes = {{
    {"badNonce", FailureClass::transient},
    {"serverInternal", FailureClass::transient},
    // The order ran out or went another way; the next attempt has a new one.
    {"orderNotReady", FailureClass::transient},
    // The CA forgot us; the next attempt registers the key again.
    {"accountDoesNotExist", FailureClass::transient},
    // The next attempt does not name the predecessor.
    {"alreadyReplaced", FailureClass::transient},
    {"connection", FailureClass::validation},
    {"dns", FailureClass::validation},
    {"incorrectResponse", FailureClass::validation},
    {"tls", FailureClass::validation},
    {"unauthorized", FailureClass::validation},
    {"caa", FailureClass::policy},
    {"rejectedIdentifier", FailureClass::policy},
    {"unsupportedIdentifier", FailureClass::policy},
    {"badCSR", FailureClass::policy},
    {"badPublicKey", FailureClass::policy},
    {"badSignatureAlgorithm", FailureClass::policy},
    {"invalidProfile", FailureClass::policy},
    {"malformed", FailureClass::policy},
    {"invalidContact", FailureClass::policy},
    {"unsupportedContact", FailureClass::policy},
    {"rateLimited", FailureClass::rate_limited},
    {"userActionRequired", FailureClass::stopped},
    {"externalAccountRequired", FailureClass::stopped},
    {"accountDeactivated", FailureClass::stopped},
    {"alreadyRevoked", FailureClass::policy},
}};

std::optional<FailureClass> class_of_type(std::string_view type) {
  const auto found = std::ranges::find(kTypes, type, &std::pair<std::string_view, FailureClass>::first);
  if (found == kTypes.end()) return std::nullopt;
  return found->second;
}

FailureClass class_of_problem(const Problem& problem, std::optional<seconds> retry_after) {
  // Let's Encrypt answers 503 with Retry-After to too many requests; without it, it is maintenance.
  if (problem.status == 429 || (problem.status == 503 && retry_after)) return FailureClass::rate_limited;
  if (is_account_closed(problem)) return FailureClass::stopped;
  if (const auto known = class_of_type(problem.type)) return *known;
  // "compound" (RFC 8555 §6.7.1) says nothing itself: the most lasting of its reasons decides.
  std::optional<FailureClass> worst;
  for (const Subproblem& sub : problem.subproblems) {
    if (const auto known = class_of_type(sub.type)) worst = std::max(worst.value_or(*known), *known);
  }
  if (worst) return *worst;
  const bool servers_fault = problem.status >= 500 || problem.status == 408;
  return servers_fault ? FailureClass::transient : FailureClass::policy;
}

FailureClass class_of_error(const base::Error& error) {
  if (error.retryable || error.source == ErrorSource::store) return FailureClass::transient;
  switch (error.code) {
    case ErrorCode::timeout:
    case ErrorCode::refused:
    case ErrorCode::closed:
    case ErrorCode::unavailable:
    case ErrorCode::cancelled:
    case ErrorCode::conflict:  // another node took over
    case ErrorCode::internal: return FailureClass::transient;
    // What came was understood and is no use (verify_issued(), an answer that is not ACME, no http-01 on
    // offer), or what we were told to ask for cannot be asked.
    case ErrorCode::invalid:
    case ErrorCode::unauthorized:
    case ErrorCode::forbidden:
    case ErrorCode::not_found:
    case ErrorCode::too_large:
    case ErrorCode::protocol:
    case ErrorCode::rejected: return FailureClass::policy;
  }
  return FailureClass::policy;
}

}  // namespace

std::string_view to_string(FailureClass failure) {
  return schedule_of(failure).name;
}

FailureClass classify(const base::Error& error, const Problem& problem, std::optional<seconds> retry_after) {
  return problem.empty() ? class_of_error(error) : class_of_problem(problem, retry_after);
}

std::optional<seconds> retry_delay(FailureClass failure, unsigned attempts,
                                   std::optional<seconds> retry_after, std::uint64_t random) {
  CARDEA_CHECK(attempts > 0, "a delay follows a failure");
  if (failure == FailureClass::stopped) return std::nullopt;
  const bool told =
      retry_after && (failure == FailureClass::rate_limited || failure == FailureClass::local_limit);
  seconds delay = told ? kDelayMin : schedule_of(failure).delays[std::min<std::size_t>(attempts, kSteps) - 1];
  delay = std::clamp(retry_after.value_or(delay), delay, seconds{base::kRetryDelayMax});
  const seconds jitter{
      static_cast<seconds::rep>(random % static_cast<std::uint64_t>(delay.count() / 10 + 1))};
  return std::min<seconds>(delay + jitter, base::kRetryDelayMax);
}

}  // namespace cardea::acme
