#include "acme/nonce_pool.h"

#include <algorithm>

#include "base/limits.h"
#include "base/strings.h"

namespace cardea::acme {
namespace {

// A cache between us and the CA repeats what it gave shortly before.
constexpr std::size_t kSeenMax = 64;

bool is_well_formed(std::string_view nonce) {
  return !nonce.empty() && nonce.size() <= base::kNonceBytesMax &&
         std::ranges::all_of(nonce, [](char c) { return base::is_alnum(c) || c == '-' || c == '_'; });
}

}  // namespace

NonceVerdict NoncePool::put(std::string_view nonce) {
  if (!is_well_formed(nonce)) return NonceVerdict::malformed;
  if (std::ranges::find(seen_, nonce) != seen_.end()) return NonceVerdict::repeated;
  seen_.emplace_back(nonce);
  if (seen_.size() > kSeenMax) seen_.pop_front();
  nonces_.emplace_back(nonce);
  if (nonces_.size() > base::kNoncesMax) nonces_.pop_front();
  return NonceVerdict::kept;
}

std::optional<std::string> NoncePool::take() {
  if (nonces_.empty()) return std::nullopt;
  std::string nonce = std::move(nonces_.back());
  nonces_.pop_back();
  return nonce;
}

}  // namespace cardea::acme
