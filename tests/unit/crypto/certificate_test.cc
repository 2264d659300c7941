#include "crypto/certificate.h"

#include <array>
#include <regex>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "crypto/csr.h"
#include "crypto/self_signed.h"

namespace cardea::crypto {
namespace {

using namespace std::chrono_literals;

constexpr base::Time kNow{1'710'460'800s};  // 2024-03-15T00:00:00Z

Certificate make(std::string_view name) {
  return *make_self_signed(*PrivateKey::generate(KeyType::ec_p256), name, kNow, 24h);
}

TEST(SelfSigned, SaysWhatItWasToldToSay) {
  const auto key = PrivateKey::generate(KeyType::ec_p256);
  const auto leaf = make_self_signed(*key, "Fallback.Example", kNow, 24h);
  ASSERT_TRUE(leaf) << leaf.error().context;
  EXPECT_EQ(leaf->dns_names(), std::vector<std::string>{"fallback.example"});
  EXPECT_EQ(leaf->not_before(), kNow);
  EXPECT_EQ(leaf->not_after(), kNow + 24h);
  EXPECT_EQ(leaf->subject(), "fallback.example");
  EXPECT_EQ(leaf->issuer(), "fallback.example");
  EXPECT_EQ(leaf->serial().size(), 32U);
  EXPECT_TRUE(std::regex_match(leaf->fingerprint(), std::regex("sha256:[0-9a-f]{64}")));
  EXPECT_EQ(X509_get_version(leaf->handle()), X509_VERSION_3);
  EXPECT_EQ(X509_verify(leaf->handle(), key->handle()), 1);
  EXPECT_TRUE(key->public_matches(*leaf));
  EXPECT_FALSE(PrivateKey::generate(KeyType::rsa2048)->public_matches(*leaf));
  EXPECT_EQ(parse_certificate_pem(leaf->to_pem())->fingerprint(), leaf->fingerprint());
}

TEST(SelfSigned, HasRoomForNamesLongerThanACommonName) {
  const std::string name = std::string(60, 'a') + "." + std::string(60, 'b') + ".example";
  const Certificate leaf = make(name);
  EXPECT_EQ(leaf.subject(), "");
  EXPECT_TRUE(leaf.covers(name));
}

TEST(SelfSigned, RefusesBadNamesAndLifetimes) {
  const auto key = PrivateKey::generate(KeyType::ec_p256);
  EXPECT_FALSE(make_self_signed(*key, "a b", kNow, 24h));
  EXPECT_FALSE(make_self_signed(*key, "a.example", kNow, 0s));
}

TEST(Certificate, CoversItsNameInAnyCase) {
  const Certificate leaf = make("www.example.com");
  EXPECT_TRUE(leaf.covers("WWW.example.COM."));
  EXPECT_FALSE(leaf.covers("example.com"));
  EXPECT_FALSE(leaf.covers("a.www.example.com"));
  EXPECT_FALSE(leaf.covers(""));
}

TEST(CertificatePem, TakesCrlfAndBlankLinesAndNothingElse) {
  const std::string one = make("a.example").to_pem();
  const std::string two = make("b.example").to_pem();
  std::string crlf;
  for (const char c : one) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const auto blocks = split_certificate_pem(crlf + "\r\n\n" + two);
  ASSERT_TRUE(blocks) << blocks.error().context;
  EXPECT_EQ(*blocks, (std::vector<std::string>{one, two}));

  const std::string key = PrivateKey::generate(KeyType::ec_p256)->to_pem();
  std::string many;
  for (std::size_t i = 0; i <= base::kChainBlocksMax; ++i) many += one;
  const std::array<std::string, 12> refused = {
      "",
      "\n \n",
      "issuer=x\n" + one,
      one + "text\n" + two,
      one + "trailing",
      one + key,
      key + one,
      many,
      one.substr(0, one.size() - 10),
      "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
      "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
      std::string(base::kChainBytesMax + 1, '\n')};
  for (const std::string& text : refused) EXPECT_FALSE(split_certificate_pem(text)) << text.substr(0, 80);
  EXPECT_FALSE(parse_certificate_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  EXPECT_FALSE(Certificate::from_der(make("a.example").der() + "x"));
  EXPECT_EQ(take_openssl_errors(), "");
}

TEST(Csr, CarriesEveryNameAndNoSubject) {
  const auto key = PrivateKey::generate(KeyType::ec_p256);
  const auto der = make_csr_der(*key, std::array<std::string, 3>{"b.example", "A.example", "*.c.example"});
  ASSERT_TRUE(der) << der.error().context;
  const auto* at = reinterpret_cast<const unsigned char*>(der->data());
  const RequestPtr request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der->size())));
  ASSERT_TRUE(request);
  EXPECT_EQ(X509_REQ_verify(request.get(), key->handle()), 1);
  EXPECT_EQ(X509_NAME_entry_count(X509_REQ_get_subject_name(request.get())), 0);
  const ExtensionsPtr extensions(X509_REQ_get_extensions(request.get()));
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
  ASSERT_TRUE(names);
  EXPECT_EQ(sk_GENERAL_NAME_num(names.get()), 3);
}

TEST(Csr, RefusesWhatIsNoDnsName) {
  const auto key = PrivateKey::generate(KeyType::ec_p256);
  for (const char* name : {"", "192.0.2.1", "*.*.example", "a..b", "*"}) {
    EXPECT_FALSE(make_csr_der(*key, std::array<std::string, 1>{name})) << name;
  }
  EXPECT_FALSE(make_csr_der(*key, {}));
}

}  // namespace
}  // namespace cardea::crypto
