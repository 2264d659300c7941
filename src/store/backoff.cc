#include "store/backoff.h"

#include <algorithm>

#include "base/limits.h"
#include "crypto/random.h"

namespace cardea::store {

std::chrono::milliseconds Backoff::next() {
  constexpr unsigned kDoublingsMax = 16;  // keeps the shift small; the upper limit is reached long before
  const std::chrono::milliseconds first = base::kRedisReconnectDelayMin;
  const std::chrono::milliseconds last = base::kRedisReconnectDelayMax;
  const auto full = std::min(last, first * (1U << std::min(attempts_, kDoublingsMax)));
  ++attempts_;
  const auto share = static_cast<unsigned char>(crypto::random_bytes(1).front());
  return full / 2 + (full / 2) * share / 255;
}

}  // namespace cardea::store
