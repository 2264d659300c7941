// Owners of OpenSSL objects, and OpenSSL's error queue as text. The only folder that calls EVP_* and X509_*.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/error.h"

namespace cardea::crypto {

template <auto kFree>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

// A stack owns its elements here: GENERAL_NAMES and extension lists are freed with what they hold.
inline void free_extensions(STACK_OF(X509_EXTENSION) * extensions) {
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

using BigNumberPtr = std::unique_ptr<BIGNUM, OpensslDeleter<BN_clear_free>>;
using BioPtr = std::unique_ptr<BIO, OpensslDeleter<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, OpensslDeleter<EVP_MD_CTX_free>>;
using EcdsaSignaturePtr = std::unique_ptr<ECDSA_SIG, OpensslDeleter<ECDSA_SIG_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpensslDeleter<X509_EXTENSION_free>>;
using ExtensionsPtr = std::unique_ptr<STACK_OF(X509_EXTENSION), OpensslDeleter<free_extensions>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslDeleter<GENERAL_NAMES_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpensslDeleter<PKCS8_PRIV_KEY_INFO_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, OpensslDeleter<X509_REQ_free>>;

// What this thread's error queue holds, oldest first, joined by "; "; empties the queue. "" if it is empty.
[[nodiscard]] std::string take_openssl_errors();

// An error of code `internal`: `what`, then OpenSSL's own words. For calls that fail only without memory or
// by our misuse. Empties the error queue.
[[nodiscard]] std::unexpected<base::Error> openssl_failure(std::string_view what);

// The list of DNS names for a subjectAltName extension. nullptr if OpenSSL refuses.
template <typename Names>
[[nodiscard]] GeneralNamesPtr make_dns_names(const Names& names) {
  GeneralNamesPtr list(sk_GENERAL_NAME_new_null());
  if (!list) return nullptr;
  for (const std::string& name : names) {
    std::unique_ptr<ASN1_IA5STRING, OpensslDeleter<ASN1_STRING_free>> text(ASN1_IA5STRING_new());
    std::unique_ptr<GENERAL_NAME, OpensslDeleter<GENERAL_NAME_free>> entry(GENERAL_NAME_new());
    if (!text || !entry) return nullptr;
    if (ASN1_STRING_set(text.get(), name.data(), static_cast<int>(name.size())) != 1) return nullptr;
    GENERAL_NAME_set0_value(entry.get(), GEN_DNS, text.release());
    if (sk_GENERAL_NAME_push(list.get(), entry.get()) <= 0) return nullptr;
    static_cast<void>(entry.release());  // the list owns it now
  }
  return list;
}

}  // namespace cardea::crypto
