#include "crypto/random.h"

#include <climits>
#include <cstring>

#include <openssl/rand.h>

#include "base/check.h"

namespace cardea::crypto {

std::string random_bytes(std::size_t count) {
  CARDEA_CHECK(count <= INT_MAX, "RAND_bytes() takes an int");
  std::string bytes(count, '\0');
  CARDEA_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1,
               "guessable secrets are worse than none");
  return bytes;
}

std::uint64_t random_number() {
  std::uint64_t number = 0;
  const std::string bytes = random_bytes(sizeof number);
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

}  // namespace cardea::crypto
