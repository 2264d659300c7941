#include "crypto/digest.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace cardea::crypto {
namespace {

constexpr std::size_t kSha1Bytes = 20;
constexpr std::size_t kSha256Bytes = 32;

std::string digest(const char* name, std::size_t size, std::string_view bytes) {
  std::string digest(size, '\0');
  std::size_t written = 0;
  const int done = EVP_Q_digest(nullptr, name, nullptr, bytes.data(), bytes.size(),
                                reinterpret_cast<unsigned char*>(digest.data()), &written);
  CARDEA_CHECK(done == 1 && written == size, "OpenSSL's default provider always has SHA-1 and SHA-256");
  return digest;
}

}  // namespace

std::string sha256(std::string_view bytes) {
  return digest("SHA256", kSha256Bytes, bytes);
}

std::string sha1(std::string_view bytes) {
  return digest("SHA1", kSha1Bytes, bytes);
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string code(kSha256Bytes, '\0');
  std::size_t written = 0;
  const unsigned char* made = EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(),
                                        reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                                        reinterpret_cast<unsigned char*>(code.data()), code.size(), &written);
  CARDEA_CHECK(made != nullptr && written == kSha256Bytes, "OpenSSL's default provider always has HMAC");
  return code;
}

}  // namespace cardea::crypto
