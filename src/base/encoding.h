// Text encodings of bytes: base64url without padding (RFC 4648 §5, as JOSE wants it), base64, hex,
// percent-encoding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace cardea::base {

[[nodiscard]] std::string to_base64url(std::string_view bytes);
// Refuses padding, other alphabets and stray bits. Error: invalid.
[[nodiscard]] Result<std::string> parse_base64url(std::string_view text);

[[nodiscard]] std::string to_base64(std::string_view bytes);
// Padding required; line breaks are skipped, as PEM has them. Error: invalid.
[[nodiscard]] Result<std::string> parse_base64(std::string_view text);

[[nodiscard]] std::string to_hex(std::string_view bytes);
// 0 to 15; -1 if `digit` is no hexadecimal digit, of either case.
[[nodiscard]] int hex_value(char digit);
// RFC 3986 §2.1. nullopt: a '%' that two hexadecimal digits do not follow.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

}  // namespace cardea::base
