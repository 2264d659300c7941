// Heads of HTTP/1 requests, read strictly (RFC 9112 §2–§6): what two implementations could understand
// differently is refused, because a proxy in front of another server is where that difference becomes an
// attack.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include "http/message.h"
#include "http/parse_error.h"

namespace cardea::http {

// Fills `head` from the start of `bytes` and returns the bytes that the head takes; 0 = more are needed, and
// `head` is not valid then. `scanned` is the size of `bytes` when an earlier call returned 0 for the same
// head: with it, a head that drips in is parsed once, not once per segment. All views point into `bytes`,
// except the static "*" of an OPTIONS request for "http://host" (RFC 9112 §3.2.4). Error: 400 malformed or
// ambiguous, 417 unknown expectation, 431 over kHeadBytesMax or kFieldsMax, 501 CONNECT or unknown transfer
// coding, 505 not HTTP/1. After an error the connection cannot be used any more.
[[nodiscard]] std::expected<std::size_t, ParseError> parse_request_head(std::string_view bytes,
                                                                        RequestHead& head,
                                                                        std::size_t scanned = 0);

}  // namespace cardea::http
