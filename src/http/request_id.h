// What names one request: in the access log, to the upstream, and to a client that wants to ask about it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "http/message.h"

namespace cardea::http {

struct ConnectionInfo;

// 128 bits as lower-case hexadecimal digits.
using RequestId = std::array<char, 32>;

// Makes ids from a generator that is seeded once, because each request needs one and must not cost a system
// call. They do not repeat, on any node; they are no secrets: who has seen some can compute others. One per
// worker, on its thread.
class RequestIds {
 public:
  using Seed = std::array<std::uint64_t, 4>;

  // A seed from the system's randomness.
  RequestIds();
  explicit RequestIds(const Seed& seed) : state_(seed) {}

  [[nodiscard]] RequestId next();

 private:
  std::uint64_t next_number();

  Seed state_;
};

// The one place that decides which id a request has: the X-Request-Id of a trusted proxy, if it is there once
// and can be one (kRequestIdBytesMax, no byte that would need quoting), else `own`. A view into either.
[[nodiscard]] std::string_view choose_request_id(const RequestHead& request, const ConnectionInfo& connection,
                                                 const RequestId& own);

}  // namespace cardea::http
