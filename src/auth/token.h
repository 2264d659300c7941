// Bearer tokens: what they look like and how they are kept.
#pragma once

#include <string>
#include <string_view>

namespace cardea::auth {

// "acm_" and 32 random bytes in base64url.
[[nodiscard]] std::string generate_token();
// Could it be a token at all? Keeps other people's credentials out of Redis look-ups.
[[nodiscard]] bool is_token_shaped(std::string_view text);

}  // namespace cardea::auth
