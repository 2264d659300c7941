// Certificates that we sign ourselves: the one for names that have none yet, so that a handshake can end in
// an answer, and the ones for challenges (acme_challenge.h).
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/certificate.h"
#include "crypto/key.h"

namespace cardea::crypto {

// An extension beside those of every server certificate. Who does not know it refuses the certificate.
struct CriticalExtension {
  std::string oid;        // dotted numbers
  std::string value_der;  // what the extension's OCTET STRING holds
};

// An X.509 v3 server certificate for `name`, signed by its own key (EC P-256 is the fitting kind).
// Error (invalid): `name` is no hostname, `lifetime` is not positive. Error (internal): OpenSSL failed.
[[nodiscard]] base::Result<Certificate> make_self_signed(const PrivateKey& key, std::string_view name,
                                                         base::Time not_before, std::chrono::seconds lifetime,
                                                         std::span<const CriticalExtension> more = {});

}  // namespace cardea::crypto
