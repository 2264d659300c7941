// The certificate object as it is stored: the specification's members and ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace cardea::store {

enum class CertificateStatus : std::uint8_t { pending, active, failed };

[[nodiscard]] std::string_view to_string(CertificateStatus status);
[[nodiscard]] std::optional<CertificateStatus> parse_certificate_status(std::string_view word);

// A value. Times are absent until a certificate was issued; a failed renewal keeps what was issued before.
struct CertificateRecord {
  std::string cert_name;
  std::vector<std::string> domains;
  std::string email;
  std::string acme_directory_url;
  CertificateStatus status = CertificateStatus::pending;
  std::optional<base::Time> expires_at;
  std::optional<base::Time> issued_at;
  std::string fingerprint;  // "sha256:…"
  std::string fullchain_pem;
  std::string private_key_pem;  // a secret: never in a log or a public answer
  std::string owner_token_hash;
  std::string created_by;            // the owner token's name
  std::string key_type = "rsa2048";  // of the key of the next order
  std::string last_error;            // why the last attempt failed; empty after a success
  std::optional<base::Time> next_attempt_at;
  std::uint64_t generation = 0;  // 0: not stored yet, or stored by someone who knows no generations
  std::string other_members;     // JSON object of members unknown to us; "" if none

  bool operator==(const CertificateRecord&) const = default;
};

// Error (invalid, naming the member): not JSON, a member of the wrong type, no domains, an unknown status
// word. The name is that of the key: the specification's object has none.
[[nodiscard]] base::Result<CertificateRecord> parse_certificate_record(std::string_view cert_name,
                                                                       std::string_view json);
[[nodiscard]] std::string to_json(const CertificateRecord& record);

}  // namespace cardea::store
