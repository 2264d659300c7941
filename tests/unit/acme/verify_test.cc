#include "acme/verify.h"

#include <gtest/gtest.h>

#include "crypto/self_signed.h"

namespace cardea::acme {
namespace {

using namespace std::chrono_literals;
using crypto::KeyType;
using crypto::PrivateKey;

constexpr base::Time kNow{1'710'460'800s};

class VerifyIssued : public testing::Test {
 protected:
  std::string chain(base::Time not_before = kNow - 1h, std::chrono::seconds lifetime = 24h) const {
    return crypto::make_self_signed(key_, "www.example.com", not_before, lifetime)->to_pem();
  }
  std::string error(const std::string& pem, const std::string& domain = "www.example.com") const {
    const auto issued = verify_issued(pem, key_, std::array{domain}, kNow);
    return issued ? "" : issued.error().context;
  }
  PrivateKey key_ = *PrivateKey::generate(KeyType::ec_p256);
  PrivateKey other_ = *PrivateKey::generate(KeyType::ec_p256);
  std::string foreign_ = crypto::make_self_signed(other_, "www.example.com", kNow - 1h, 24h)->to_pem();
};

TEST_F(VerifyIssued, AcceptsAGoodChain) {
  const auto issued =
      verify_issued(chain() + foreign_, key_, std::array<std::string, 1>{"WWW.example.com"}, kNow);
  ASSERT_TRUE(issued) << issued.error().context;
  EXPECT_EQ(issued->not_after, kNow + 23h);
  EXPECT_TRUE(issued->fingerprint.starts_with("sha256:"));
  EXPECT_EQ(issued->issuer, "www.example.com");
}

TEST_F(VerifyIssued, RefusesEveryBrokenRuleInItsOwnWords) {
  EXPECT_NE(error(foreign_ + chain()).find("not the first of its chain"), std::string::npos);
  EXPECT_NE(error(foreign_).find("another private key"), std::string::npos);
  EXPECT_NE(error(chain(), "b.example").find("does not name b.example"), std::string::npos);
  EXPECT_NE(error(chain(kNow - 48h)).find("expired"), std::string::npos);
  EXPECT_NE(error(chain(kNow + 301s)).find("valid only from"), std::string::npos);
  EXPECT_EQ(error(chain(kNow + 30s)), "");
  EXPECT_NE(error(chain() + key_.to_pem()).find("not a certificate"), std::string::npos);
  EXPECT_NE(error("").find("empty"), std::string::npos);
  EXPECT_NE(error("hello\n" + chain()).find("text outside"), std::string::npos);
}

}  // namespace
}  // namespace cardea::acme
