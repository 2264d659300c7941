#include "crypto/jwk.h"

#include <optional>

#include <fmt/core.h>
#include <openssl/core_names.h>

#include "base/encoding.h"
#include "crypto/digest.h"

namespace cardea::crypto {
namespace {

using base::Result;

// `bytes` is the width on the wire; 0 = as short as the number allows (RFC 7518 §6.3.1.1).
std::optional<std::string> public_number(EVP_PKEY* key, const char* name, std::size_t bytes) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return std::nullopt;
  const BigNumberPtr number(raw);
  if (bytes == 0) bytes = static_cast<std::size_t>(BN_num_bytes(number.get()));
  std::string out(bytes, '\0');
  const int written =
      BN_bn2binpad(number.get(), reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(bytes));
  if (written < 0) return std::nullopt;
  return base::to_base64url(out);
}

Result<std::string> ec_jwk(const PrivateKey& key, std::string_view curve, std::size_t bytes) {
  // RFC 7518 §6.2.1.2: coordinates keep their leading zeros.
  const auto x = public_number(key.handle(), OSSL_PKEY_PARAM_EC_PUB_X, bytes);
  const auto y = public_number(key.handle(), OSSL_PKEY_PARAM_EC_PUB_Y, bytes);
  if (!x || !y) return openssl_failure("reading an EC public key");
  return fmt::format(R"({{"crv":"{}","kty":"EC","x":"{}","y":"{}"}})", curve, *x, *y);
}

}  // namespace

Result<std::string> public_jwk(const PrivateKey& key) {
  if (key.type() == KeyType::ec_p256) return ec_jwk(key, "P-256", 32);
  if (key.type() == KeyType::ec_p384) return ec_jwk(key, "P-384", 48);
  const auto e = public_number(key.handle(), OSSL_PKEY_PARAM_RSA_E, 0);
  const auto n = public_number(key.handle(), OSSL_PKEY_PARAM_RSA_N, 0);
  if (!e || !n) return openssl_failure("reading an RSA public key");
  return fmt::format(R"({{"e":"{}","kty":"RSA","n":"{}"}})", *e, *n);
}

Result<std::string> jwk_thumbprint(const PrivateKey& key) {
  auto jwk = public_jwk(key);
  if (!jwk) return jwk;
  return base::to_base64url(sha256(*jwk));
}

std::string key_authorization(std::string_view token, std::string_view thumbprint) {
  return fmt::format("{}.{}", token, thumbprint);
}

Result<std::string> key_authorization(std::string_view token, const PrivateKey& key) {
  auto thumbprint = jwk_thumbprint(key);
  if (!thumbprint) return thumbprint;
  return key_authorization(token, *thumbprint);
}

}  // namespace cardea::crypto
