#include <string>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/strings.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "crypto/jwk.h"
#include "crypto/jws.h"
#include "crypto/random.h"

namespace cardea::crypto {
namespace {

// RFC 7517 Appendix A.2, the key whose thumbprint RFC 7638 §3.1 gives, as PKCS#8.
constexpr const char* kRfc7638Key = R"(-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDS/HtqCh5sZxBK
64+Isldmm032ed2tCZtcSmzZqIAVtaEzvwuFbHhxtt8AC1VPzrPC7VErto8UXG6E
NHUvq1Khz8EkQI95tYpFeMFkKIVXifeiSeOEyy2fri1n/Zb7kmwZjgdzmf3IFcCv
CX3eWq3v9E3nDoJ/SHhDJDm/7rlgaNBHT8UNbZC/OpjfrxBAyJwC1pKrOzwolmCd
hv1zt3TOB0BkfO7qoxC9EvmFqOufWf3UJs6lshIPTyo0vKt2S35sVNaEAji8xAWH
pZ5m7R8ziUV3Y1xHCvdc+Swg0dpD4b/EGeIipvDQuzWMXjj5ywUK6v6QSBTxrBqk
nMqeoMqDAgMBAAECggEAX4cTteJY/gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoV
H+HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6NqXSzUvxT
0/YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy/nHNKroADIkJ46pRUohsXywbReAdYaM
wFs9tv8d/cPVY3i07a3t8MN6TNwm0dSawm9v47UiCl3Sk5ZiG7xojPLu4sbg1U2j
x4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL+Us2lG
VkY8fkFzme1z0HbIkfz0Y6mqnOYtqc0X4jfcKoAC8QKBgQDzeL7si8wZegxcKyS/
vdMqvzrfsWI7tnbvO/yiPqltZRDIs9AFDG09WfAPbRH7rR5MOYPa6Ocy3k+ioyub
xF+Y2FVYO2OMyYIyM6lJeJwUePtc65UhhDKpVaVYSHp03foZVliT3c3wFz29jjXH
LwH1HPM4ZVDNe80S+fs7SdVt+wKBgQDd185H1y5ir7RL6aQUvOAi2AwR8XMHareF
Z6Ey4bSgK6qdve+hsvK6aqNVlA7V0it3CBOcJ2ljMFw59bmvfvQAVeOJZ+380YSK
i+ieLOEqmj1VVLvxPMWDGQh2t5xF7Oxn7WRh3+zWoNvG2QMSB8AhMAb0tScAO6fi
8hxvrJ6XGQKBgBuLD15HOmGvcvKCVvfyC4+MbqabtJc4vx+1U5EvMY+UnV93KBNK
IpmMMSItnpkwLntFDmuXaYBRsgSeHPLUNlReNNl0boCg0z/GpGIRaObQAO+0HvzZ
rbmGXNwt5tyNuBthr0ebEg8VMgDds6vC35/RFJrOq2Nzm/GHoipE4gY9AoGBALPZ
QB/X4IAbKBUfDmnNkfxNoMNvNq09pBjgIbyJZRExNXn6wOoblFLzHwXDKZ/Janlu
r8852GOUkkBe6THQv2oCN5xvCG6dQVG9CVIq2kTalHy4XEG/3fRheA4e3u+Fm0bK
G0aJ7o02DdcQmj+kzutY71q1/i9fLcV8OPeEP3IJAoGAGyM/p6JrXySiz1toFgKb
WV+JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFEcOqwemRN81zoDAaa+Bk0KWNG
DjJHZDdDmFhW3AN7lI+puxk/mHZGJ11rxyR8O55XLSe3SPmRfKwZI6yU24ZxvQKF
YItdldUKGzO6Ia6zTKhAVRU=
-----END PRIVATE KEY-----
)";

std::string member(const std::string& json, const std::string& name) {
  const std::string before = "\"" + name + "\":\"";
  const std::size_t at = json.find(before);
  if (at == std::string::npos) return "(missing)";
  const std::size_t begin = at + before.size();
  return json.substr(begin, json.find('"', begin) - begin);
}

// DER form of a raw r || s, for OpenSSL to verify.
std::string der_signature(const std::string& raw) {
  const auto half = static_cast<int>(raw.size() / 2);
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
  const EcdsaSignaturePtr signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes, half, nullptr), BN_bin2bn(bytes + half, half, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

bool verifies(const PrivateKey& key, const std::string& input, std::string signature) {
  const bool ec = key.type() == KeyType::ec_p256 || key.type() == KeyType::ec_p384;
  if (ec) signature = der_signature(signature);
  const DigestContextPtr context(EVP_MD_CTX_new());
  const EVP_MD* digest = key.type() == KeyType::ec_p384 ? EVP_sha384() : EVP_sha256();
  EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.handle());
  return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(), reinterpret_cast<const unsigned char*>(input.data()),
                          input.size()) == 1;
}

TEST(Digest, MatchesTheKnownVectors) {
  EXPECT_EQ(base::to_hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");  // RFC 3174 §7.3
  EXPECT_EQ(base::to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(base::to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),  // RFC 4231 §4.3
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_NE(random_bytes(16), random_bytes(16));
}

TEST(Jwk, GivesTheThumbprintOfRfc7638) {
  const auto key = PrivateKey::from_pem(kRfc7638Key);
  ASSERT_TRUE(key) << key.error().context;
  EXPECT_EQ(*jwk_thumbprint(*key), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(*key_authorization("token", *key), "token.NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(Jwk, KeepsLeadingZerosOfCoordinates) {
  for (int i = 0; i < 300; ++i) {
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    ASSERT_TRUE(key);
    const std::string jwk = *public_jwk(*key);
    EXPECT_EQ(base::parse_base64url(member(jwk, "x"))->size(), 32U);
    EXPECT_EQ(base::parse_base64url(member(jwk, "y"))->size(), 32U);
  }
}

TEST(Jws, VerifiesForEveryKind) {
  const std::pair<KeyType, std::size_t> kinds[] = {
      {KeyType::rsa2048, 256}, {KeyType::ec_p256, 64}, {KeyType::ec_p384, 96}};
  for (const auto& [type, signature_bytes] : kinds) {
    const auto key = PrivateKey::generate(type);
    ASSERT_TRUE(key);
    const auto jws =
        sign_jws(*key, {"https://ca.example/order", "nonce1", "https://ca.example/acct/1"}, "{}");
    ASSERT_TRUE(jws);
    const std::string header = *base::parse_base64url(member(*jws, "protected"));
    EXPECT_EQ(header, "{\"alg\":\"" + std::string(jws_algorithm(type)) +
                          "\",\"kid\":\"https://ca.example/acct/1\",\"nonce\":\"nonce1\","
                          "\"url\":\"https://ca.example/order\"}");
    EXPECT_EQ(member(*jws, "payload"), "e30");
    const std::string signature = *base::parse_base64url(member(*jws, "signature"));
    EXPECT_EQ(signature.size(), signature_bytes);
    EXPECT_TRUE(verifies(*key, member(*jws, "protected") + "." + member(*jws, "payload"), signature));
    EXPECT_FALSE(verifies(*key, member(*jws, "protected") + ".e31", signature));
  }
}

TEST(Jws, KeepsAnEmptyPayloadEmptyAndEmbedsTheKeyWithoutAccount) {
  const auto key = PrivateKey::generate(KeyType::ec_p256);
  const auto jws = sign_jws(*key, {"https://ca.example/new", "n", ""}, "");
  EXPECT_EQ(member(*jws, "payload"), "");
  const std::string header = *base::parse_base64url(member(*jws, "protected"));
  EXPECT_NE(header.find("\"jwk\":" + *public_jwk(*key)), std::string::npos);
  EXPECT_EQ(header.find("kid"), std::string::npos);
}

TEST(Jws, SignsWithASecret) {
  const std::string jws =
      sign_jws_with_secret("a shared secret", {"https://ca.example/new", "", "kid \"1\""}, "{}");
  EXPECT_EQ(*base::parse_base64url(member(jws, "protected")),
            R"({"alg":"HS256","kid":"kid \"1\"","url":"https://ca.example/new"})");
  EXPECT_EQ(member(jws, "payload"), "e30");
  // openssl dgst -sha256 -hmac 'a shared secret' over PROTECTED.PAYLOAD
  EXPECT_EQ(base::to_hex(*base::parse_base64url(member(jws, "signature"))),
            "c2975caf82bb009bb73f0cd81e9d26d948c3ae89d73dcaf15e744ea5ac2a11c2");
}

TEST(Jws, LetsNoNonceBecomeSyntax) {
  const auto key = PrivateKey::generate(KeyType::ec_p256);
  const auto jws = sign_jws(*key, {"https://ca.example/", "a\",\"alg\":\"none\n", "k"}, "");
  const std::string header = *base::parse_base64url(member(*jws, "protected"));
  EXPECT_NE(header.find(R"("nonce":"a\",\"alg\":\"none\u000a")"), std::string::npos) << header;
}

TEST(PrivateKey, SurvivesPemAndDer) {
  for (const KeyType type : {KeyType::rsa2048, KeyType::ec_p256, KeyType::ec_p384}) {
    const auto key = PrivateKey::generate(type);
    ASSERT_TRUE(key);
    EXPECT_TRUE(key->to_pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    const auto from_pem = PrivateKey::from_pem(key->to_pem());
    const auto from_der = PrivateKey::from_der(key->der());
    ASSERT_TRUE(from_pem && from_der);
    EXPECT_EQ(from_pem->type(), type);
    EXPECT_EQ(*public_jwk(*from_pem), *public_jwk(*key));
    EXPECT_EQ(*public_jwk(*from_der), *public_jwk(*key));
    EXPECT_EQ(parse_key_type(to_string(type)), type);
  }
}

TEST(PrivateKey, RefusesWhatIsNoKey) {
  for (const char* text : {"", "garbage", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) {
    EXPECT_FALSE(PrivateKey::from_pem(text));
    EXPECT_FALSE(PrivateKey::from_der(text));
  }
  const auto key = PrivateKey::generate(KeyType::ec_p256);
  EXPECT_FALSE(PrivateKey::from_der(key->der() + "x"));
  EXPECT_EQ(take_openssl_errors(), "");
}

}  // namespace
}  // namespace cardea::crypto
