#include "crypto/trust_store.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "crypto/self_signed.h"

namespace cardea::crypto {
namespace {

std::string certificate_pem(const PrivateKey& key) {
  return make_self_signed(key, "upstream.example", base::now() - std::chrono::hours(1),
                          std::chrono::hours(24))
      .value()
      .to_pem();
}

TEST(TrustStore, IsMadeOfCertificates) {
  const auto key = PrivateKey::generate(KeyType::ec_p256).value();
  const std::string one = certificate_pem(key);
  EXPECT_TRUE(make_trust_store(one));
  EXPECT_TRUE(make_trust_store(one + "\r\n" + certificate_pem(key)));
  EXPECT_TRUE(make_trust_store(one + one)) << "twice the same does no harm";
}

TEST(TrustStore, RefusesEverythingElse) {
  const auto key = PrivateKey::generate(KeyType::ec_p256).value();
  const std::string one = certificate_pem(key);
  std::string many;
  for (std::size_t i = 0; i <= base::kChainBlocksMax; ++i) many += one;
  for (const std::string& pem :
       {std::string(), std::string("no PEM"), key.to_pem(), one + key.to_pem(), one + "text",
        one.substr(0, one.size() / 2),
        std::string("-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n"), many}) {
    EXPECT_FALSE(make_trust_store(pem)) << pem;
  }
}

}  // namespace
}  // namespace cardea::crypto
