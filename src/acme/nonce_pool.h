// Replay nonces between two requests (RFC 8555 §6.5).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace cardea::acme {

enum class NonceVerdict : std::uint8_t {
  kept,
  malformed,  // empty, too long or not base64url: must be ignored (RFC 8555 §6.5.1)
  repeated,   // seen before: something between us and the CA answers from a cache
};

// One pool per CA. Not thread-safe. Bounded: the oldest nonce goes when there are kNoncesMax.
class NoncePool {
 public:
  NonceVerdict put(std::string_view nonce);
  // The newest one, so that the retry after badNonce uses the nonce of that very error (RFC 8555 §6.5).
  // nullopt: ask newNonce.
  [[nodiscard]] std::optional<std::string> take();
  [[nodiscard]] std::size_t size() const { return nonces_.size(); }
  void clear() { nonces_.clear(); }

 private:
  std::deque<std::string> nonces_;
  std::deque<std::string> seen_;
};

}  // namespace cardea::acme
