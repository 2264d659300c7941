// A parsed X.509 certificate, and the PEM chain in which a CA delivers it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/openssl_ptr.h"

namespace cardea::crypto {

// Immutable once parsed; several threads may read one.
class Certificate {
 public:
  Certificate(Certificate&&) noexcept = default;
  Certificate& operator=(Certificate&&) noexcept = default;

  // One certificate, nothing behind it. Error (invalid): not X.509, a date or a name that cannot be read.
  [[nodiscard]] static base::Result<Certificate> from_der(std::string_view der);

  // The DNS names of subjectAltName, lower case, in the certificate's order; "*.…" as written.
  [[nodiscard]] const std::vector<std::string>& dns_names() const { return dns_names_; }
  [[nodiscard]] base::Time not_before() const { return not_before_; }
  [[nodiscard]] base::Time not_after() const { return not_after_; }
  // The common name; without one, the organisation; without both, "".
  [[nodiscard]] std::string issuer() const;
  [[nodiscard]] std::string subject() const;
  // "sha256:" and 64 hex digits, over the DER form.
  [[nodiscard]] std::string fingerprint() const;
  // Lower-case hex, two digits a byte, no sign byte.
  [[nodiscard]] std::string serial() const;
  // The bytes of the serial number as DER has them: with a leading 00 where the first bit is set (X.690
  // §8.3).
  [[nodiscard]] std::string serial_octets() const;
  // keyIdentifier of the authority key identifier (RFC 5280 §4.2.1.1): which key of the issuer signed.
  // nullopt if there is none.
  [[nodiscard]] std::optional<std::string> authority_key_id() const;
  // True if a client may accept this certificate for `hostname`; "*" stands for exactly one label
  // (RFC 6125 §6.4.3).
  [[nodiscard]] bool covers(std::string_view hostname) const;
  [[nodiscard]] std::string der() const;
  [[nodiscard]] std::string to_pem() const;
  // Lives as long as this object.
  [[nodiscard]] X509* handle() const { return certificate_.get(); }

 private:
  explicit Certificate(CertificatePtr certificate) : certificate_(std::move(certificate)) {}

  CertificatePtr certificate_;
  std::vector<std::string> dns_names_;
  base::Time not_before_;
  base::Time not_after_;
};

// The blocks of a chain, leaf first, each a normalised PEM text. Line ends may be CRLF and blank lines may
// stand between blocks. Error (invalid): any other text outside the blocks, a block that is no CERTIFICATE
// (RFC 8555 §11.4: a CA could slip in a private key or any text), none at all. Error (too_large): over
// kChainBlocksMax or kChainBytesMax.
[[nodiscard]] base::Result<std::vector<std::string>> split_certificate_pem(std::string_view pem);
// The first certificate of a chain, with the whole text held to the rules above.
[[nodiscard]] base::Result<Certificate> parse_certificate_pem(std::string_view pem);
// DER of the first certificate of a chain.
[[nodiscard]] base::Result<std::string> certificate_der(std::string_view pem);

}  // namespace cardea::crypto
