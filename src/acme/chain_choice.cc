#include "acme/chain_choice.h"

#include "crypto/certificate.h"

namespace cardea::acme {

bool chain_has_issuer(std::string_view chain_pem, std::string_view issuer) {
  const auto blocks = crypto::split_certificate_pem(chain_pem);
  if (!blocks) return false;
  for (const std::string& block : *blocks) {
    const auto certificate = crypto::parse_certificate_pem(block);
    if (certificate && certificate->issuer() == issuer) return true;
  }
  return false;
}

}  // namespace cardea::acme
