#include "acme/schedule.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <boost/json.hpp>

#include "acme/issuer_choice.h"
#include "acme/renewal_policy.h"
#include "acme/retry_policy.h"
#include "base/limits.h"

namespace cardea::acme {
namespace {

using std::chrono::seconds;

struct Candidate {
  Work work;
  std::optional<base::Time> at;
  std::string_view name;
};

std::optional<base::Time> next_revocation(const store::CertificateRecord& record) {
  std::optional<base::Time> next;
  for (const store::Revocation& revocation : record.revocations) {
    if (revocation.not_before) next = std::min(next.value_or(*revocation.not_before), *revocation.not_before);
  }
  return next;
}

// RFC 9773 §4.3.3: not after expiry, and not about a certificate that was replaced.
std::optional<base::Time> next_poll(const store::CertificateRecord& record) {
  const store::RenewalAdvice& renewal = record.renewal;
  const bool wanted = record.status == store::CertificateStatus::active && record.expires_at &&
                      !renewal.certificate_id.empty() && renewal.next_poll_at &&
                      *renewal.next_poll_at < *record.expires_at;
  return wanted ? renewal.next_poll_at : std::nullopt;
}

std::array<Candidate, 3> candidates(const store::CertificateRecord& record) {
  const bool renewing = record.issued() && record.attempts == 0;
  const std::string_view ordering = renewing ? "renewal" : record.attempts > 0 ? "retry" : "order";
  return {{{Work::order, record.next_attempt_at, ordering},
           {Work::revoke, next_revocation(record), "revocation"},
           {Work::poll_renewal_info, next_poll(record), "renewal information"}}};
}

bool in_order(const store::CertificateRecord& record) {
  return record.status == store::CertificateStatus::active && record.issued() && record.attempts == 0;
}

base::Time renewal_of(const store::CertificateRecord& record, const Options& options) {
  return renewal_time({.not_before = record.issued_at.value_or(*record.expires_at),
                       .not_after = *record.expires_at,
                       .obtained_at = record.obtained_at.value_or(record.issued_at.value_or(base::Time{})),
                       .threshold = options.renewal_threshold,
                       .suggested = record.renewal.chosen_at,
                       .seed = renewal_seed(record.cert_name, record.fingerprint)});
}

seconds window_of(const store::CertificateRecord& record, const Options& options) {
  if (!record.issued()) return {};
  return renewal_window(record.issued_at.value_or(*record.expires_at), *record.expires_at,
                        options.renewal_threshold);
}

// A key that is out is served until its replacement comes: no CA is waited for.
bool waits_for_replacement(const store::CertificateRecord& record) {
  return std::ranges::any_of(record.revocations, [](const auto& each) { return !each.not_before; });
}

// The longest wait for a CA while there is another one to ask: half of what is left to a certificate, or an
// hour where none is served yet.
seconds patience(const store::CertificateRecord& record, base::Time now) {
  constexpr seconds kWithoutCertificate = std::chrono::hours(1);
  if (!record.issued()) return kWithoutCertificate;
  if (waits_for_replacement(record)) return seconds(0);
  return std::max<seconds>((*record.expires_at - now) / 2, seconds(0));
}

// A CA that will not have us before `until` (nullopt: not at all) is passed over, if another one is left.
bool pass_over(store::CertificateRecord& record, std::optional<base::Time> until, base::Time now) {
  const bool too_long = !until || *until - now > patience(record, now);
  if (!too_long || record.issuers_passed + 1 >= record.directory_urls.size()) return false;
  ++record.issuers_passed;
  return true;
}

// RFC 7807 §3.1: without a type the status says what it is, and "detail" is there for people.
bool is_problem_document(const boost::json::object& object) {
  const auto* type = object.if_contains("type");
  if (type == nullptr) return object.contains("detail");
  return type->is_string() && (type->get_string().starts_with("urn:") || type->get_string() == "about:blank");
}

void set_history(store::CertificateRecord& record, const std::vector<store::HistoryEntry>& entries) {
  for (const store::HistoryEntry& entry : entries) store::add_history(record.history, entry);
}

}  // namespace

Work next_work(const store::CertificateRecord& record, base::Time now) {
  for (const Candidate& candidate : candidates(record)) {
    if (candidate.at && *candidate.at <= now) return candidate.work;
  }
  return Work::nothing;
}

std::string_view next_work_name(const store::CertificateRecord& record) {
  const Candidate* next = nullptr;
  const auto all = candidates(record);
  for (const Candidate& candidate : all) {
    if (candidate.at && (next == nullptr || *candidate.at < *next->at)) next = &candidate;
  }
  return next == nullptr ? "none" : next->name;
}

void reschedule(store::CertificateRecord& record, const Options& options, base::Time now) {
  // What was asked for by a person, or is due, stays; else the renewal follows from the dates as they are
  // now.
  const bool asked_for = record.next_attempt_at && *record.next_attempt_at <= now;
  if (in_order(record) && record.postponed_because.empty() && !asked_for) {
    record.next_attempt_at = renewal_of(record, options);
  }
  // Stored by somebody who knows no schedule: a first order that nobody made yet.
  const bool untouched = record.status == store::CertificateStatus::pending && record.attempts == 0;
  if (untouched && !record.next_attempt_at) record.next_attempt_at = now;
  record.next_action_at.reset();
  for (const Candidate& candidate : candidates(record)) {
    if (!candidate.at) continue;
    record.next_action_at = std::min(record.next_action_at.value_or(*candidate.at), *candidate.at);
  }
  // A look at it anyway: the threshold may have been changed in .env meanwhile.
  if (in_order(record)) {
    record.next_action_at =
        std::min(record.next_action_at.value_or(base::Time::max()), now + options.check_interval);
  }
}

void settle_success(store::CertificateRecord& record, const NewCertificate& made,
                    const std::vector<store::HistoryEntry>& history, const Options& options, base::Time now,
                    std::uint64_t random) {
  record.status = store::CertificateStatus::active;
  record.issued_at = made.not_before;
  record.expires_at = made.not_after;
  record.fingerprint = made.fingerprint;
  record.fullchain_pem = made.fullchain_pem;
  record.private_key_pem = made.private_key_pem;
  record.obtained_at = now;
  record.issuer_directory_url = made.directory_url;
  record.issuer_email = made.email;
  // What was said about the certificate before must not renew this one.
  record.renewal = {};
  record.renewal.certificate_id = made.certificate_id;
  if (!made.certificate_id.empty()) {
    const seconds spread = std::min<seconds>(options.check_interval, base::kFirstRenewalPollMax);
    record.renewal.next_poll_at =
        now + seconds(1 + static_cast<seconds::rep>(random % static_cast<std::uint64_t>(spread.count())));
  }
  for (store::Revocation& revocation : record.revocations) {
    if (!revocation.not_before) revocation.not_before = now + base::kRevocationDelay;
  }
  record.attempts = 0;
  record.issuers_passed = 0;
  record.last_error.clear();
  record.last_error_message.clear();
  record.postponed_because.clear();
  record.next_attempt_at.reset();
  set_history(record, history);
  reschedule(record, options, now);
}

void settle_failure(store::CertificateRecord& record, const Failed& failed,
                    const std::vector<store::HistoryEntry>& history, const Options& options, base::Time now,
                    std::uint64_t random) {
  const std::string before = next_directory(record, options, now);
  ++record.attempts;
  if (!record.issued()) record.status = store::CertificateStatus::failed;
  record.last_error = problem_document(failed);
  record.last_error_message = failed.error.context;
  record.postponed_because.clear();
  const auto delay = retry_delay(classify(failed.error, failed.problem, failed.retry_after), record.attempts,
                                 failed.retry_after, random);
  record.next_attempt_at = delay ? std::optional(now + *delay) : std::nullopt;
  // Another CA knows nothing of this one's reasons.
  const bool passed = pass_over(record, record.next_attempt_at, now);
  if (passed || next_directory(record, options, now) != before) {
    record.next_attempt_at = now + base::kOtherIssuerDelay;
  }
  set_history(record, history);
  store::add_history(record.history, {now, "failed", failed.error.context, 0});
  reschedule(record, options, now);
}

void settle_postponed(store::CertificateRecord& record, base::Time until, std::string because,
                      const std::vector<store::HistoryEntry>& history, const Options& options,
                      base::Time now) {
  record.postponed_because = std::move(because);
  record.next_attempt_at = pass_over(record, until, now) ? now + base::kOtherIssuerDelay : until;
  set_history(record, history);
  store::add_history(record.history, {now, "postponed", record.postponed_because, 0});
  reschedule(record, options, now);
}

const std::string& next_directory(const store::CertificateRecord& record, const Options& options,
                                  base::Time now) {
  static const std::string kNone;  // written by hand, without one: the attempt will say so
  if (record.directory_urls.empty()) return kNone;
  std::optional<seconds> left;
  if (record.issued()) left = *record.expires_at - now;
  const std::span<const std::string> all(record.directory_urls);
  const auto wanted = all.subspan(std::min<std::size_t>(record.issuers_passed, all.size() - 1));
  return wanted[choose_issuer(wanted.size(), record.attempts, left, window_of(record, options))];
}

std::string problem_document(const Failed& failed) {
  namespace json = boost::json;
  json::error_code error;
  const json::value sent = json::parse(failed.problem.raw, error);
  const auto* object = error ? nullptr : sent.if_object();
  // Verbatim only what is a problem document: everybody may read it, and a directory could be any server that
  // this machine reaches.
  if (object != nullptr && is_problem_document(*object)) return failed.problem.raw;
  json::object document;
  document["type"] = failed.problem.type.empty() ? "about:blank" : "urn:cardea:error:" + failed.problem.type;
  document["detail"] = failed.error.context;
  if (failed.problem.status != 0) document["status"] = failed.problem.status;
  return json::serialize(document);
}

}  // namespace cardea::acme
