// Digests and HMAC-SHA-256 over bytes in memory.
#pragma once

#include <string>
#include <string_view>

namespace cardea::crypto {

// 32 raw bytes. Any thread.
[[nodiscard]] std::string sha256(std::string_view bytes);
// 20 raw bytes, for protocols that name SHA-1 and rest no security on it. Any thread.
[[nodiscard]] std::string sha1(std::string_view bytes);
// 32 raw bytes (RFC 2104). Any thread.
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view bytes);

}  // namespace cardea::crypto
