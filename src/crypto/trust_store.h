// Stores of trusted roots for OpenSSL.
#pragma once

#include <string>

#include "crypto/openssl_ptr.h"

namespace cardea::crypto {

// A new store that trusts nobody. The caller owns it.
[[nodiscard]] X509_STORE* make_trust_store();

// OpenSSL's words for the result of a verification.
[[nodiscard]] std::string verification_error(long result);

}  // namespace cardea::crypto
