#include "tls/credentials.h"

#include "crypto/certificate.h"
#include "crypto/key.h"

namespace cardea::tls {

base::Result<Credentials> Credentials::from_pem(std::string_view fullchain_pem,
                                                std::string_view private_key_pem) {
  auto blocks = crypto::split_certificate_pem(fullchain_pem);
  if (!blocks) return base::wrap(blocks.error(), "reading the certificate chain");
  auto key = crypto::PrivateKey::from_pem(private_key_pem);
  if (!key) return base::wrap(key.error(), "reading the private key");
  Credentials credentials;
  for (const std::string& block : *blocks) {
    auto certificate = crypto::parse_certificate_pem(block);
    if (!certificate) return base::wrap(certificate.error(), "reading the certificate chain");
    if (credentials.chain_der.empty() && !key->public_matches(*certificate)) {
      return base::fail(base::ErrorCode::invalid, "the private key does not belong to the certificate");
    }
    credentials.chain_der.push_back(certificate->der());
  }
  credentials.key_der = key->der();
  return credentials;
}

}  // namespace cardea::tls
