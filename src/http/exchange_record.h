// What became of one exchange, for the access log: each fact is noted by the one part that knows it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/request_id.h"

namespace cardea::http {

// Lives with its exchange. Loop thread only.
struct ExchangeRecord {
  using Clock = std::chrono::steady_clock;
  enum class Aborted : std::uint8_t { no, client, upstream, proxy };

  RequestId own_id{};
  std::string_view id;  // the one that counts: own_id, or a trusted proxy's

  // When the request's first byte was here. Not set while there is no access log: then nobody looks at a
  // clock.
  Clock::time_point begun;

  // The connection notes these.
  int status = 0;  // of the response's head; 0: none was begun
  std::uint64_t request_body_bytes = 0;
  std::uint64_t response_body_bytes = 0;

  // The proxy notes these.
  std::string_view upstream;                           // as operators know it; empty: none was asked
  std::shared_ptr<const void> upstream_owner;          // of the bytes of `upstream`
  bool upstream_reused = false;                        // its connection had served a request before
  std::optional<Clock::duration> upstream_first_byte;  // since `begun`

  std::string error;  // why the response is one of our own error pages, or ended early
  Aborted aborted = Aborted::no;

  void note_first_byte() {
    if (begun != Clock::time_point{} && !upstream_first_byte) upstream_first_byte = Clock::now() - begun;
  }
  // Whoever broke off first is the reason; what follows from it is not.
  void note_abort(Aborted by) {
    if (aborted == Aborted::no) aborted = by;
  }
};

}  // namespace cardea::http
