#include "crypto/acme_challenge.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/objects.h>

#include "base/encoding.h"
#include "base/limits.h"

namespace cardea::crypto {
namespace {

using namespace std::chrono_literals;

constexpr base::Time kNow{1'710'460'800s};  // 2024-03-15T00:00:00Z
constexpr std::string_view kAuthorization = "token.thumbprint";

// In hex, the extension's whole value; nullopt unless the certificate has exactly one, and that is critical.
std::optional<std::string> acme_identifier(const Certificate& certificate) {
  std::optional<std::string> value;
  for (int i = 0; i < X509_get_ext_count(certificate.handle()); ++i) {
    X509_EXTENSION* extension = X509_get_ext(certificate.handle(), i);
    std::array<char, 64> oid{};
    OBJ_obj2txt(oid.data(), oid.size(), X509_EXTENSION_get_object(extension), 1);
    if (std::string_view(oid.data()) != "1.3.6.1.5.5.7.1.31") continue;
    if (value || X509_EXTENSION_get_critical(extension) != 1) return std::nullopt;
    const ASN1_OCTET_STRING* data = X509_EXTENSION_get_data(extension);
    value = base::to_hex({reinterpret_cast<const char*>(ASN1_STRING_get0_data(data)),
                          static_cast<std::size_t>(ASN1_STRING_length(data))});
  }
  return value;
}

std::vector<std::string> all_names(const Certificate& certificate) {
  const GeneralNamesPtr list(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.handle(), NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> names;
  for (int i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
    int type = -1;
    const auto* value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list.get(), i), &type));
    names.push_back(std::to_string(type) + ":" +
                    std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                static_cast<std::size_t>(ASN1_STRING_length(value))));
  }
  return names;
}

TEST(AcmeChallenge, HasEveryPropertyThatTheCaLooksAt) {
  const auto made = make_challenge_certificate("www.example.com", kAuthorization, kNow);
  ASSERT_TRUE(made) << made.error().context;
  const Certificate& certificate = made->certificate;
  EXPECT_EQ(X509_get_version(certificate.handle()), X509_VERSION_3);
  EXPECT_EQ(all_names(certificate), std::vector<std::string>{std::to_string(GEN_DNS) + ":www.example.com"});
  // printf token.thumbprint | sha256sum, behind the header of an OCTET STRING with 32 bytes.
  EXPECT_EQ(acme_identifier(certificate),
            "0420eb5ac167fe249c76e53b430da3116c5d9fde4c5507ba6d01e885516e1bd49f92");
  EXPECT_EQ(made->key.type(), KeyType::ec_p256);
  EXPECT_TRUE(made->key.public_matches(certificate));
  EXPECT_EQ(X509_verify(certificate.handle(), made->key.handle()), 1) << "self-signed";
  EXPECT_EQ(certificate.issuer(), certificate.subject());
  EXPECT_LT(certificate.not_before(), kNow);
  EXPECT_EQ(certificate.not_after(), kNow + base::kChallengeLifetime);
}

TEST(AcmeChallenge, HasAKeyAndASerialOfItsOwnEachTime) {
  const auto one = make_challenge_certificate("a.example", kAuthorization, kNow);
  const auto two = make_challenge_certificate("a.example", kAuthorization, kNow);
  ASSERT_TRUE(one && two);
  EXPECT_FALSE(one->key.public_matches(two->certificate));
  EXPECT_NE(one->certificate.serial(), two->certificate.serial());
  EXPECT_EQ(acme_identifier(one->certificate), acme_identifier(two->certificate));
}

TEST(AcmeChallenge, SaysTheNameInItsCanonicalForm) {
  const auto made = make_challenge_certificate("WWW.Example.COM.", kAuthorization, kNow);
  ASSERT_TRUE(made) << made.error().context;
  EXPECT_EQ(made->certificate.dns_names(), std::vector<std::string>{"www.example.com"});
}

TEST(AcmeChallenge, HasRoomForNamesLongerThanACommonName) {
  const std::string label(60, 'a');
  for (const std::string& name :
       {label + ".org", "a" + label + ".org", label + "." + label + "." + label + "." + label + ".org"}) {
    const auto made = make_challenge_certificate(name, kAuthorization, kNow);
    ASSERT_TRUE(made) << name << ": " << made.error().context;
    EXPECT_EQ(made->certificate.dns_names(), std::vector<std::string>{name});
    EXPECT_EQ(made->certificate.subject(), name.size() <= 64 ? name : "") << name.size();
    EXPECT_TRUE(acme_identifier(made->certificate));
  }
}

TEST(AcmeChallenge, IsOnlyForDnsNames) {
  for (const char* name : {"", "*.example.com", "a b", "192.0.2.1", "192.0.2.1.", "2001:db8::1"}) {
    const auto made = make_challenge_certificate(name, kAuthorization, kNow);
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(made.error().code, base::ErrorCode::invalid) << name;
  }
}

}  // namespace
}  // namespace cardea::crypto
