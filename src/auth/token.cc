#include "auth/token.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/strings.h"
#include "crypto/random.h"

namespace cardea::auth {
namespace {

constexpr std::string_view kPrefix = "acm_";
constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kTokenBytes = kPrefix.size() + 43;  // 32 bytes in base64url

}  // namespace

std::string generate_token() {
  return std::string(kPrefix) + base::to_base64url(crypto::random_bytes(kRandomBytes));
}

bool is_token_shaped(std::string_view text) {
  return text.size() == kTokenBytes && text.starts_with(kPrefix) &&
         std::ranges::all_of(text.substr(kPrefix.size()),
                             [](char c) { return base::is_alnum(c) || c == '-' || c == '_'; });
}

}  // namespace cardea::auth
