// The one error type of the project. What a peer, the CA, Redis or the disk can cause travels as
// Result<T>; our own bugs end in CARDEA_CHECK (check.h); normal absence is std::optional.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace cardea::base {

enum class ErrorCode : std::uint8_t {
  invalid,       // what was given is malformed or out of range
  unauthorized,  // no valid credential
  forbidden,     // a valid credential that may not do this
  not_found,
  conflict,     // exists already, or changed since it was read
  too_large,    // over a named limit
  timeout,      // a deadline passed
  refused,      // the peer did not accept the connection
  closed,       // the peer ended the connection
  protocol,     // the peer broke its protocol
  unavailable,  // a dependency is away; trying later may help
  cancelled,    // we gave up on purpose: shutdown, or the other side went away
  rejected,     // the peer understood and said no (an ACME problem, a Redis error reply)
  internal,     // a library call failed that should not
};

enum class ErrorSource : std::uint8_t { client, upstream, ca, store, self };

struct Error {
  ErrorCode code = ErrorCode::internal;
  ErrorSource source = ErrorSource::self;
  bool retryable = false;  // the same attempt may succeed later, and nothing was changed by this one
  std::string context;     // a sentence for a person: what failed, and what to do where we know

  [[nodiscard]] std::string to_string() const;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

std::string_view to_string(ErrorCode code);
std::string_view to_string(ErrorSource source);

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string context,
                                                 ErrorSource source = ErrorSource::self) {
  return std::unexpected(Error{code, source, false, std::move(context)});
}

[[nodiscard]] inline std::unexpected<Error> fail_retryable(ErrorCode code, std::string context,
                                                           ErrorSource source) {
  return std::unexpected(Error{code, source, true, std::move(context)});
}

// Puts `what` in front of the sentence: "reading the key: no PEM block".
[[nodiscard]] std::unexpected<Error> wrap(Error error, std::string_view what);

}  // namespace cardea::base
