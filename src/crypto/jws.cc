#include "crypto/jws.h"

#include <fmt/core.h>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/jwk.h"

namespace cardea::crypto {
namespace {

using base::Result;

// The CA chooses nonces and URLs; what it puts into them must not become JSON syntax in our header.
std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

// What a signature is made of, and what it is put into.
struct Unsigned {
  std::string protected_header;  // both in base64url
  std::string payload;

  [[nodiscard]] std::string input() const { return protected_header + "." + payload; }
  [[nodiscard]] std::string flattened(std::string_view signature) const {
    return fmt::format(R"({{"protected":"{}","payload":"{}","signature":"{}"}})", protected_header, payload,
                       base::to_base64url(signature));
  }
};

Unsigned make_unsigned(std::string_view algorithm, std::string_view identity, const JwsHeader& header,
                       std::string_view payload) {
  const std::string nonce = header.nonce.empty() ? "" : ",\"nonce\":" + json_quoted(header.nonce);
  return {base::to_base64url(fmt::format(R"({{"alg":"{}",{}{},"url":{}}})", algorithm, identity, nonce,
                                         json_quoted(header.url))),
          base::to_base64url(payload)};
}

// OpenSSL signs in DER; JOSE wants the two numbers at full width, one after the other (RFC 7518 §3.4).
Result<std::string> to_raw_signature(std::string_view der, std::size_t number_bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const EcdsaSignaturePtr signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!signature) return openssl_failure("reading an ECDSA signature");
  std::string raw(number_bytes * 2, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  const int width = static_cast<int>(number_bytes);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, width) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + number_bytes, width) < 0) {
    return openssl_failure("writing an ECDSA signature");
  }
  return raw;
}

}  // namespace

std::string_view jws_algorithm(KeyType type) {
  switch (type) {
    case KeyType::ec_p256: return "ES256";
    case KeyType::ec_p384: return "ES384";
    case KeyType::rsa2048:
    case KeyType::rsa3072:
    case KeyType::rsa4096: return "RS256";
  }
  return "RS256";
}

Result<std::string> jws_signature(const PrivateKey& key, std::string_view input) {
  const DigestContextPtr context(EVP_MD_CTX_new());
  const EVP_MD* digest = key.type() == KeyType::ec_p384 ? EVP_sha384() : EVP_sha256();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.handle()) != 1) {
    return openssl_failure("preparing a signature");
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
  std::size_t size = 0;
  if (EVP_DigestSign(context.get(), nullptr, &size, bytes, input.size()) != 1) {
    return openssl_failure("signing");
  }
  std::string signature(size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(signature.data());
  if (EVP_DigestSign(context.get(), out, &size, bytes, input.size()) != 1) return openssl_failure("signing");
  signature.resize(size);
  if (key.type() == KeyType::ec_p256) return to_raw_signature(signature, 32);
  if (key.type() == KeyType::ec_p384) return to_raw_signature(signature, 48);
  return signature;
}

Result<std::string> sign_jws(const PrivateKey& key, const JwsHeader& header, std::string_view payload) {
  std::string identity = "\"kid\":" + json_quoted(header.kid);
  if (header.kid.empty()) {
    auto jwk = public_jwk(key);
    if (!jwk) return std::unexpected(std::move(jwk.error()));
    identity = "\"jwk\":" + *jwk;
  }
  const Unsigned parts = make_unsigned(jws_algorithm(key.type()), identity, header, payload);
  auto signature = jws_signature(key, parts.input());
  if (!signature) return std::unexpected(std::move(signature.error()));
  return parts.flattened(*signature);
}

std::string sign_jws_with_secret(std::string_view secret, const JwsHeader& header, std::string_view payload) {
  const Unsigned parts = make_unsigned("HS256", "\"kid\":" + json_quoted(header.kid), header, payload);
  return parts.flattened(hmac_sha256(secret, parts.input()));
}

}  // namespace cardea::crypto
