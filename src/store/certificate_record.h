// The certificate object as it is stored: the specification's members and ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "store/history.h"

namespace cardea::store {

enum class CertificateStatus : std::uint8_t {
  pending,  // never issued yet, and still tried
  active,   // issued, also while a renewal runs or fails
  failed,   // never issued, and the last attempt failed
  revoked,  // revoked at the owner's wish and not replaced
};

[[nodiscard]] std::string_view to_string(CertificateStatus status);
[[nodiscard]] std::optional<CertificateStatus> parse_certificate_status(std::string_view word);

// What the CA says about when to renew (RFC 9773). It counts only for the certificate whose id it carries:
// what was said about the one before must never renew the new one.
struct RenewalAdvice {
  std::string certificate_id;  // "" if nothing was asked yet
  std::optional<base::Time> window_start;
  std::optional<base::Time> window_end;
  std::optional<base::Time> chosen_at;  // one random time in the window, the same for every node
  std::optional<base::Time> next_poll_at;
  std::string explanation_url;
  unsigned failures = 0;  // polls that failed in a row

  bool operator==(const RenewalAdvice&) const = default;
};

// A certificate that is to be revoked, kept with its key until the CA has done it.
struct Revocation {
  int reason = 0;  // RFC 5280 §5.3.1
  std::string certificate_pem;
  std::string private_key_pem;  // a secret; it can sign the request when the account is lost
  std::string directory_url;
  std::string email;                     // of the account that ordered it
  std::optional<base::Time> not_before;  // of the request: later when a replacement must be live first
  unsigned attempts = 0;
  std::string last_error;

  bool operator==(const Revocation&) const = default;
};

// A value. Times are absent until a certificate was issued; a failed renewal keeps what was issued before.
struct CertificateRecord {
  std::string cert_name;
  std::vector<std::string> domains;
  std::string email;
  std::vector<std::string> directory_urls;  // in the order in which they are tried; never empty
  CertificateStatus status = CertificateStatus::pending;
  std::optional<base::Time> expires_at;
  std::optional<base::Time> issued_at;
  std::string fingerprint;  // "sha256:…"
  std::string fullchain_pem;
  std::string private_key_pem;  // a secret: never in a log or a public answer
  std::string owner_token_hash;
  std::string created_by;  // the owner token's name

  // How the next certificate is ordered.
  std::string key_type = "rsa2048";
  std::string challenge_type = "http-01";
  std::string profile;           // "": the CA's own choice
  bool profile_required = true;  // false: order without it where the CA does not have it
  std::string preferred_chain;   // common name of an issuer; "": the CA's own choice

  // About the certificate that is stored.
  std::optional<base::Time> obtained_at;  // by our clock; issued_at is the CA's
  std::string issuer_directory_url;       // which of directory_urls issued it
  std::string issuer_email;               // of the account that ordered it
  RenewalAdvice renewal;
  std::vector<Revocation> revocations;

  // What happened and what comes next.
  unsigned attempts = 0;        // failed in a row since the last success
  unsigned issuers_passed = 0;  // CAs of the list given up since the last success: they want too long a wait
  std::string last_error;  // a problem document (JSON), verbatim where the CA sent it; "" after a success
  std::string last_error_message;  // the same as a sentence
  std::string postponed_because;   // why the next attempt waits although nothing failed; "" if it does not
  std::optional<base::Time> next_attempt_at;  // of an order; absent: none until somebody asks for it
  std::optional<base::Time> next_action_at;   // of anything: what the due queue is sorted by
  std::vector<HistoryEntry> history;          // the last kHistoryEntriesMax, oldest first

  std::uint64_t generation = 0;  // 0: not stored yet, or stored by someone who knows no generations
  std::string other_members;     // JSON object of members unknown to us; "" if none

  [[nodiscard]] bool issued() const { return !fullchain_pem.empty() && expires_at.has_value(); }
  bool operator==(const CertificateRecord&) const = default;
};

// Error (invalid, naming the member): not JSON, a member of the wrong type, no domains, an unknown status
// word. The name is that of the key: the specification's object has none.
[[nodiscard]] base::Result<CertificateRecord> parse_certificate_record(std::string_view cert_name,
                                                                       std::string_view json);
[[nodiscard]] std::string to_json(const CertificateRecord& record);

}  // namespace cardea::store
