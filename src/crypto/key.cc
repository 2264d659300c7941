#include "crypto/key.h"

#include <array>
#include <utility>

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/check.h"
#include "crypto/certificate.h"

namespace cardea::crypto {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::array<std::pair<KeyType, std::string_view>, 5> kTypeNames = {{{KeyType::rsa2048, "rsa2048"},
                                                                             {KeyType::rsa3072, "rsa3072"},
                                                                             {KeyType::rsa4096, "rsa4096"},
                                                                             {KeyType::ec_p256, "ec_p256"},
                                                                             {KeyType::ec_p384, "ec_p384"}}};

// Without it OpenSSL would ask for a password on the terminal when a key is encrypted.
int refuse_password(char*, int, int, void*) {
  return -1;
}

std::optional<KeyType> type_of(EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
    switch (EVP_PKEY_get_bits(key)) {
      case 2048: return KeyType::rsa2048;
      case 3072: return KeyType::rsa3072;
      case 4096: return KeyType::rsa4096;
      default: return std::nullopt;
    }
  }
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return std::nullopt;
  std::array<char, 64> group{};
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) != 1) return std::nullopt;
  const std::string_view name(group.data(), length);
  if (name == SN_X9_62_prime256v1 || name == "P-256") return KeyType::ec_p256;
  if (name == SN_secp384r1 || name == "P-384") return KeyType::ec_p384;
  return std::nullopt;
}

EVP_PKEY* generate_native(KeyType type) {
  switch (type) {
    case KeyType::rsa2048: return EVP_RSA_gen(2048U);
    case KeyType::rsa3072: return EVP_RSA_gen(3072U);
    case KeyType::rsa4096: return EVP_RSA_gen(4096U);
    case KeyType::ec_p256: return EVP_EC_gen("P-256");
    case KeyType::ec_p384: return EVP_EC_gen("P-384");
  }
  return nullptr;
}

}  // namespace

std::string_view to_string(KeyType type) {
  for (const auto& [known, name] : kTypeNames) {
    if (known == type) return name;
  }
  return "unknown";
}

std::optional<KeyType> parse_key_type(std::string_view text) {
  for (const auto& [type, name] : kTypeNames) {
    if (name == text) return type;
  }
  return std::nullopt;
}

Result<PrivateKey> PrivateKey::generate(KeyType type) {
  KeyPtr key(generate_native(type));
  if (!key) return openssl_failure("generating a private key");
  return PrivateKey(std::move(key), type);
}

Result<PrivateKey> PrivateKey::adopt(KeyPtr key) {
  if (!key) {
    const std::string errors = take_openssl_errors();
    return fail(ErrorCode::invalid, "this is not an unencrypted private key" +
                                        (errors.empty() ? std::string() : " (" + errors + ")"));
  }
  const std::optional<KeyType> type = type_of(key.get());
  static_cast<void>(take_openssl_errors());
  if (!type) {
    return fail(ErrorCode::invalid,
                "this kind of private key is not supported: use RSA with 2048, 3072 or 4096 bits, "
                "or EC P-256 or P-384");
  }
  return PrivateKey(std::move(key), *type);
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const BioPtr input(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!input) return openssl_failure("reading a private key");
  return adopt(KeyPtr(PEM_read_bio_PrivateKey(input.get(), nullptr, refuse_password, nullptr)));
}

Result<PrivateKey> PrivateKey::from_der(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  if (!info || at != end) return adopt(nullptr);
  return adopt(KeyPtr(EVP_PKCS82PKEY(info.get())));
}

std::string PrivateKey::to_pem() const {
  // BIO_s_secmem() wipes its memory when it is freed.
  const BioPtr output(BIO_new(BIO_s_secmem()));
  const bool written = output && PEM_write_bio_PKCS8PrivateKey(output.get(), key_.get(), nullptr, nullptr, 0,
                                                               nullptr, nullptr) == 1;
  CARDEA_CHECK(written, "a key that was made or read can be written");
  char* data = nullptr;
  const long size = BIO_get_mem_data(output.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string PrivateKey::der() const {
  const Pkcs8Ptr info(EVP_PKEY2PKCS8(key_.get()));
  const int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr) : -1;
  CARDEA_CHECK(size > 0, "a key that was made or read can be written");
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* at = reinterpret_cast<unsigned char*>(der.data());
  i2d_PKCS8_PRIV_KEY_INFO(info.get(), &at);
  return der;
}

bool PrivateKey::public_matches(const Certificate& certificate) const {
  EVP_PKEY* const other = X509_get0_pubkey(certificate.handle());
  const bool same = other != nullptr && EVP_PKEY_eq(key_.get(), other) == 1;
  static_cast<void>(take_openssl_errors());  // keys of different kinds leave an entry
  return same;
}

}  // namespace cardea::crypto
