#include "crypto/trust_store.h"

#include <optional>

#include <fmt/core.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/strings.h"
#include "crypto/certificate.h"

namespace cardea::crypto {
namespace {

using Kind = VerificationFailure::Kind;

Kind kind_of(int code) {
  switch (code) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return Kind::name;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED: return Kind::issuer;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID: return Kind::dates;
    default: return Kind::other;
  }
}

std::optional<Certificate> current_certificate(X509_STORE_CTX* verification) {
  X509* current = X509_STORE_CTX_get_current_cert(verification);
  if (current == nullptr) return std::nullopt;
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(current, &bytes);
  if (size <= 0) return std::nullopt;
  auto parsed = Certificate::from_der({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  OPENSSL_free(bytes);
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

std::string quoted(std::string_view name) {
  return fmt::format("\"{}\"", base::printable(name, 80));
}

std::string names_of(const Certificate& certificate) {
  static constexpr std::size_t kNamesShown = 5;
  std::string text;
  for (const std::string& name : certificate.dns_names()) {
    if (text.size() > kNamesShown * 80) break;
    text += (text.empty() ? "" : ", ") + base::printable(name, 80);
  }
  return text.empty() ? quoted(certificate.subject()) : text;
}

std::string sentence_about(const Certificate& certificate, Kind kind, int code) {
  switch (kind) {
    case Kind::name: return "its certificate is for " + names_of(certificate);
    case Kind::issuer:
      if (code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT) {
        return fmt::format("its certificate {} is self-signed and is not trusted here",
                           quoted(certificate.subject()));
      }
      return fmt::format("its certificate is from {}, who is not trusted here", quoted(certificate.issuer()));
    case Kind::dates: {
      const bool expired = code == X509_V_ERR_CERT_HAS_EXPIRED;
      return fmt::format("the certificate {} {} {}", quoted(certificate.subject()),
                         expired ? "expired on" : "is not valid before",
                         base::to_rfc3339(expired ? certificate.not_after() : certificate.not_before()));
    }
    default: return "its certificate is not accepted: " + verification_error(code);
  }
}

}  // namespace

X509_STORE* make_trust_store() {
  X509_STORE* store = X509_STORE_new();
  CARDEA_CHECK(store != nullptr, "out of memory");
  return store;
}

base::Result<TrustStorePtr> make_trust_store(std::string_view pem) {
  auto blocks = split_certificate_pem(pem);
  if (!blocks) return std::unexpected(blocks.error());
  TrustStorePtr store(make_trust_store());
  for (const std::string& block : *blocks) {
    auto certificate = parse_certificate_pem(block);
    if (!certificate) return std::unexpected(certificate.error());
    if (X509_STORE_add_cert(store.get(), certificate->handle()) != 1) {
      return openssl_failure("a trusted certificate");
    }
  }
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  return store;
}

std::string verification_error(long result) {
  return X509_verify_cert_error_string(result);
}

VerificationFailure describe_failure(X509_STORE_CTX* verification) {
  const int code = X509_STORE_CTX_get_error(verification);
  const auto certificate = current_certificate(verification);
  // What cannot be read is no case for advice.
  if (!certificate) return {Kind::other, "its certificate is not accepted: " + verification_error(code)};
  return {kind_of(code), sentence_about(*certificate, kind_of(code), code)};
}

void* verification_data(X509_STORE_CTX* verification, int index) {
  return X509_STORE_CTX_get_ex_data(verification, index);
}

}  // namespace cardea::crypto
