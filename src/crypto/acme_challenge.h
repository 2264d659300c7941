// The certificate that answers a tls-alpn-01 challenge (RFC 8737): it proves nothing but that its server
// knows the key authorisation.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/certificate.h"
#include "crypto/key.h"

namespace cardea::crypto {

struct ChallengeCertificate {
  PrivateKey key;
  Certificate certificate;
};

// A self-signed certificate for exactly `domain` with the digest of `key_authorization` in the critical
// extension that only ACME servers understand, and a new P-256 key. 0.35 ms of work; any thread.
// Error (invalid): `domain` is no DNS name; an address would need another kind of name (RFC 8738 §6).
// Error (internal): OpenSSL failed.
[[nodiscard]] base::Result<ChallengeCertificate> make_challenge_certificate(
    std::string_view domain, std::string_view key_authorization, base::Time now);

}  // namespace cardea::crypto
