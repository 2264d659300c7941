// Stores of trusted roots for OpenSSL, and why a certificate was not trusted.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "crypto/openssl_ptr.h"

namespace cardea::crypto {

using TrustStorePtr = std::unique_ptr<X509_STORE, OpensslDeleter<X509_STORE_free>>;

// A new store that trusts nobody. The caller owns it.
[[nodiscard]] X509_STORE* make_trust_store();

// A store that trusts the certificates of `pem` and nobody else. Each is an anchor of its own, whether it is
// a root, an intermediate, or the very certificate of a server. Error (invalid, too_large): as
// split_certificate_pem(), and what is no certificate inside a block.
[[nodiscard]] base::Result<TrustStorePtr> make_trust_store(std::string_view pem);

// OpenSSL's words for the result of a verification.
[[nodiscard]] std::string verification_error(long result);

struct VerificationFailure {
  enum class Kind : std::uint8_t { none, name, issuer, dates, other };
  Kind kind = Kind::none;
  std::string sentence;  // what the certificate is or has: `its certificate expired on …`
};
// For a verification callback that was told of a failure.
[[nodiscard]] VerificationFailure describe_failure(X509_STORE_CTX* verification);
// What OpenSSL keeps at `index` of a verification under way.
[[nodiscard]] void* verification_data(X509_STORE_CTX* verification, int index);

}  // namespace cardea::crypto
