// Heads of HTTP/1 responses, read as strictly as requests: an upstream whose framing is ambiguous could put
// one client's response in front of another client.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include "http/message.h"
#include "http/parse_error.h"

namespace cardea::http {

// Fills `head` from the start of `bytes` and returns the bytes that the head takes; 0 = more are needed, and
// `head` is not valid then. `scanned` is as in parse_request_head(). All views point into `bytes`.
// `request_method` is that of the request being answered: a response to HEAD has no body, like every 1xx, 204
// and 304 (RFC 9112 §6.3); a 1xx or 204 that announces one is refused. Interim responses (1xx) are returned
// like others; the caller goes on after them. Error: always 502. The upstream connection cannot be used any
// more.
[[nodiscard]] std::expected<std::size_t, ParseError> parse_response_head(std::string_view bytes,
                                                                         Method request_method,
                                                                         ResponseHead& head,
                                                                         std::size_t scanned = 0);

}  // namespace cardea::http
