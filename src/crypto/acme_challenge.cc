#include "crypto/acme_challenge.h"

#include <array>
#include <string>
#include <utility>

#include "base/hostname.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "crypto/self_signed.h"

namespace cardea::crypto {
namespace {

constexpr std::string_view kAcmeIdentifier = "1.3.6.1.5.5.7.1.31";  // id-pe-acmeIdentifier, RFC 8737 §6.1

// The CA's clock may be behind ours.
constexpr std::chrono::seconds kAge = std::chrono::hours(1);

// Authorization ::= OCTET STRING (SIZE (32)), RFC 8737 §3.
std::string authorization_der(std::string_view key_authorization) {
  const std::string digest = sha256(key_authorization);
  std::string der(1, static_cast<char>(V_ASN1_OCTET_STRING));
  der.push_back(static_cast<char>(digest.size()));
  return der.append(digest);
}

}  // namespace

base::Result<ChallengeCertificate> make_challenge_certificate(std::string_view domain,
                                                              std::string_view key_authorization,
                                                              base::Time now) {
  const auto name = base::parse_hostname(domain);
  if (!name) return std::unexpected(name.error());
  if (base::is_ip_literal(*name)) {
    return base::fail(base::ErrorCode::invalid, *name + " is an address, not a DNS name");
  }
  auto key = PrivateKey::generate(KeyType::ec_p256);
  if (!key) return std::unexpected(key.error());
  const std::array<CriticalExtension, 1> identifier = {
      {{std::string(kAcmeIdentifier), authorization_der(key_authorization)}}};
  auto certificate = make_self_signed(*key, *name, now - kAge, kAge + base::kChallengeLifetime, identifier);
  if (!certificate) return std::unexpected(certificate.error());
  return ChallengeCertificate{std::move(*key), std::move(*certificate)};
}

}  // namespace cardea::crypto
