#include "acme/renewal_policy.h"

#include <algorithm>

#include "base/limits.h"

namespace cardea::acme {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

// Let's Encrypt's integration guide: a third of the lifetime, or half of it when that is under 10 days.
constexpr seconds kShortLived = 10 * 24h;

// Malformed dates make no negative times.
seconds lifetime_of(base::Time not_before, base::Time not_after) {
  return std::max(not_after - not_before, 0s);
}

// A wrong clock, or a suggestion that was meant for the predecessor, would else renew a certificate as soon
// as it has come, again and again (cert-manager#8993: five certificates in ten seconds).
base::Time earliest_renewal(const RenewalFacts& facts) {
  const seconds lifetime = lifetime_of(facts.not_before, facts.not_after);
  const seconds age = std::clamp<seconds>(lifetime / 10, 1s, base::kRenewalAgeMin);
  const base::Time settled = facts.obtained_at + age;
  if (settled <= facts.not_after) return settled;
  // It had less than a tenth of its lifetime left when it came: back-dated far, or a clock is wrong.
  return std::max(facts.not_after, facts.obtained_at + std::min<seconds>(age, 1min));
}

}  // namespace

std::uint64_t renewal_seed(std::string_view cert_name, std::string_view fingerprint) {
  // FNV-1a, then the finalizer of MurmurHash3 so that the low bits are as good as the high ones.
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto add = [&](char c) { hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U; };
  for (const char c : cert_name) add(c);
  add('\0');
  for (const char c : fingerprint) add(c);
  hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdU;
  hash = (hash ^ (hash >> 33U)) * 0xc4ceb9fe1a85ec53U;
  return hash ^ (hash >> 33U);
}

seconds renewal_window(base::Time not_before, base::Time not_after, std::chrono::days threshold) {
  const seconds lifetime = lifetime_of(not_before, not_after);
  return std::min<seconds>(std::max(threshold, std::chrono::days{0}),
                           lifetime < kShortLived ? lifetime / 2 : lifetime / 3);
}

base::Time renewal_time(const RenewalFacts& facts) {
  const seconds window = renewal_window(facts.not_before, facts.not_after, facts.threshold);
  const auto steps = static_cast<std::uint64_t>(window.count() / 10 + 1);
  base::Time time = facts.not_after - window + seconds{static_cast<seconds::rep>(facts.seed % steps)};
  if (facts.suggested) {
    time = std::min(*facts.suggested, facts.not_after - lifetime_of(facts.not_before, facts.not_after) / 10);
  }
  return std::max(time, earliest_renewal(facts));
}

}  // namespace cardea::acme
