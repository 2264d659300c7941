#include "crypto/trust_store.h"

#include "base/check.h"

namespace cardea::crypto {

X509_STORE* make_trust_store() {
  X509_STORE* store = X509_STORE_new();
  CARDEA_CHECK(store != nullptr, "out of memory");
  return store;
}

std::string verification_error(long result) {
  return X509_verify_cert_error_string(result);
}

}  // namespace cardea::crypto
