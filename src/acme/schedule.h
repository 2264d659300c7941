// What a certificate wants next, and when. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "acme/options.h"
#include "acme/order_actions.h"
#include "base/clock.h"
#include "store/certificate_record.h"

namespace cardea::acme {

enum class Work : std::uint8_t { order, revoke, poll_renewal_info, nothing };

// The most urgent of what is due at `now`.
[[nodiscard]] Work next_work(const store::CertificateRecord& record, base::Time now);
// "order", "retry", "renewal", "revocation", "renewal information" or "none": what next_action_at is about.
[[nodiscard]] std::string_view next_work_name(const store::CertificateRecord& record);

// Sets next_action_at, and next_attempt_at of a certificate that is in order: the time of its renewal.
void reschedule(store::CertificateRecord& record, const Options& options, base::Time now);

// What an order brought, verified.
struct NewCertificate {
  base::Time not_before;
  base::Time not_after;
  std::string fingerprint;
  std::string fullchain_pem;
  std::string private_key_pem;
  std::string directory_url;
  std::string email;           // of the account
  std::string certificate_id;  // RFC 9773 §4.1; "": the CA says nothing about renewals
};

// Both settle what an order came to, and call reschedule(). `random` spreads what comes next.
void settle_success(store::CertificateRecord& record, const NewCertificate& made,
                    const std::vector<store::HistoryEntry>& history, const Options& options, base::Time now,
                    std::uint64_t random);
void settle_failure(store::CertificateRecord& record, const Failed& failed,
                    const std::vector<store::HistoryEntry>& history, const Options& options, base::Time now,
                    std::uint64_t random);
// Nothing failed, but nothing can be done before `until`.
void settle_postponed(store::CertificateRecord& record, base::Time until, std::string because,
                      const std::vector<store::HistoryEntry>& history, const Options& options,
                      base::Time now);

// The directory that the next order goes to: issuer_choice.h, and past those that want too long a wait.
[[nodiscard]] const std::string& next_directory(const store::CertificateRecord& record,
                                                const Options& options, base::Time now);
// A problem document (RFC 7807) of what went wrong: the CA's own, verbatim, else one of ours.
[[nodiscard]] std::string problem_document(const Failed& failed);

}  // namespace cardea::acme
