// Unpredictable bytes for tokens, serial numbers and identifiers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace cardea::crypto {

// Never fails to the caller: without a working generator every secret would be guessable, so the program
// ends (CARDEA_CHECK). Any thread.
[[nodiscard]] std::string random_bytes(std::size_t count);
// All 64 bits, from the same source.
[[nodiscard]] std::uint64_t random_number();

}  // namespace cardea::crypto
