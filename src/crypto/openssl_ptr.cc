#include "crypto/openssl_ptr.h"

#include <array>

#include <openssl/err.h>

namespace cardea::crypto {

std::string take_openssl_errors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    std::array<char, 256> line{};
    ERR_error_string_n(code, line.data(), line.size());
    if (!text.empty()) text += "; ";
    text += line.data();
  }
  return text;
}

std::unexpected<base::Error> openssl_failure(std::string_view what) {
  std::string context(what);
  if (const std::string errors = take_openssl_errors(); !errors.empty()) context += ": " + errors;
  return base::fail(base::ErrorCode::internal, std::move(context));
}

}  // namespace cardea::crypto
