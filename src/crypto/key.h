// A private key for an account or a certificate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "crypto/openssl_ptr.h"

namespace cardea::crypto {

class Certificate;

// What public CAs accept.
enum class KeyType : std::uint8_t { rsa2048, rsa3072, rsa4096, ec_p256, ec_p384 };

// "rsa2048" … "ec_p384".
[[nodiscard]] std::string_view to_string(KeyType type);
[[nodiscard]] std::optional<KeyType> parse_key_type(std::string_view text);

// Immutable once made, so several threads may read one. The text and DER forms are secrets.
class PrivateKey {
 public:
  PrivateKey(PrivateKey&&) noexcept = default;
  PrivateKey& operator=(PrivateKey&&) noexcept = default;

  // RSA takes up to a second: call it off the event loop. Error: internal.
  [[nodiscard]] static base::Result<PrivateKey> generate(KeyType type);
  // PKCS#8, PKCS#1 or SEC 1, never encrypted. Error (invalid): no key, or a kind that is no KeyType.
  [[nodiscard]] static base::Result<PrivateKey> from_pem(std::string_view pem);
  // PKCS#8. Error (invalid) as above.
  [[nodiscard]] static base::Result<PrivateKey> from_der(std::string_view der);

  // PKCS#8 ("BEGIN PRIVATE KEY").
  [[nodiscard]] std::string to_pem() const;
  [[nodiscard]] std::string der() const;
  [[nodiscard]] KeyType type() const { return type_; }
  // True if `certificate` is for this key.
  [[nodiscard]] bool public_matches(const Certificate& certificate) const;
  // Lives as long as this object; OpenSSL counts references itself where it keeps it.
  [[nodiscard]] EVP_PKEY* handle() const { return key_.get(); }

 private:
  PrivateKey(KeyPtr key, KeyType type) : key_(std::move(key)), type_(type) {}
  static base::Result<PrivateKey> adopt(KeyPtr key);

  KeyPtr key_;
  KeyType type_;
};

}  // namespace cardea::crypto
