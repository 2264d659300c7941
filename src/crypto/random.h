// Unpredictable bytes for tokens, serial numbers and identifiers.
#pragma once

#include <cstddef>
#include <string>

namespace cardea::crypto {

// Never fails to the caller: without a working generator every secret would be guessable, so the program
// ends (CARDEA_CHECK). Any thread.
[[nodiscard]] std::string random_bytes(std::size_t count);

}  // namespace cardea::crypto
