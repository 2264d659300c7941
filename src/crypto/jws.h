// Signed requests of ACME: JWS in flattened JSON serialization (RFC 7515 §7.2.2, RFC 8555 §6.2).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "crypto/key.h"

namespace cardea::crypto {

struct JwsHeader {
  std::string url;    // the request's URL, exactly (RFC 8555 §6.4)
  std::string nonce;  // empty: left out, as an inner JWS of keyChange wants it
  std::string kid;    // the account URL; empty: the public key is embedded instead (newAccount)
};

// The body of a request. `payload` "" stays an empty string, which makes it a POST-as-GET (RFC 8555 §6.3)
// and is different from "{}". The algorithm follows from the key: RS256, ES256 or ES384. Error: internal.
[[nodiscard]] base::Result<std::string> sign_jws(const PrivateKey& key, const JwsHeader& header,
                                                 std::string_view payload);

// The same with a secret that the CA shares: HS256 (RFC 7518 §3.2), as an external account binding wants it
// (RFC 8555 §7.3.4). `header.kid` is the CA's name for the secret.
[[nodiscard]] std::string sign_jws_with_secret(std::string_view secret, const JwsHeader& header,
                                               std::string_view payload);

// "RS256", "ES256" or "ES384" (RFC 7518 §3.1).
[[nodiscard]] std::string_view jws_algorithm(KeyType type);
// The signature of `input` in JOSE's form: PKCS#1 v1.5 for RSA, r || s for EC (RFC 7518 §3.3, §3.4).
// Error: internal.
[[nodiscard]] base::Result<std::string> jws_signature(const PrivateKey& key, std::string_view input);

}  // namespace cardea::crypto
