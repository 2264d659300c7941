// The field section of HTTP/1 heads and trailers, and the framing that its fields decide (RFC 9112 §5, §6).
// Pure and without allocation; shared by the request parser, the response parser and the chunk decoder.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "http/fields.h"
#include "http/message.h"
#include "http/parse_error.h"

namespace cardea::http {

// Adds the field lines at the start of `bytes` to `fields`, up to the empty line that ends them. Returns the
// bytes taken, the empty line included; 0 = the empty line has not come yet. The views point into `bytes`.
// Error: 400 (bare CR or LF, folded line, no token before the colon, control byte) or 431 (too many fields).
[[nodiscard]] std::expected<std::size_t, ParseError> parse_field_lines(std::string_view bytes,
                                                                       FieldList& fields);

// What a head says about itself and its connection.
struct ControlFields {
  std::optional<std::uint64_t> content_length;
  std::size_t content_lengths = 0;  // how often it is there, as a field or in the list of one; all are equal
  bool transfer_encoding = false;   // some Transfer-Encoding field is there
  bool unknown_coding = false;      // it names something other than chunked
  bool chunked = false;             // it ends with chunked
  std::size_t connection_options = 0;  // in all Connection fields, empty ones too
  bool close = false;                  // is one of them
  bool keep_alive = false;
  // Keep-Alive. The time is there if one field has it, once, as a number that fits.
  std::size_t keep_alive_count = 0;
  std::optional<std::chrono::seconds> keep_alive_timeout;
  bool connection_upgrade = false;
  bool upgrade = false;  // an Upgrade field is there
  bool expect = false;
  bool expect_continue = false;  // every Expect field is "100-continue"
  std::size_t host_count = 0;
  std::string_view host;
};

// Error 400: a Content-Length or Transfer-Encoding that two readers could understand differently, or more
// than kConnectionOptionsMax options in Connection.
[[nodiscard]] std::expected<ControlFields, ParseError> read_control_fields(const FieldList& fields);

// How the body ends by Content-Length and Transfer-Encoding; Framing::none if there is neither (RFC 9112
// §6.3). Error: 400 for both at once or chunked in HTTP/1.0, 501 for a coding we do not know.
[[nodiscard]] std::expected<BodyFraming, ParseError> decide_framing(const ControlFields& control,
                                                                    std::uint8_t version_minor);

// Whether the connection may be used again (RFC 9112 §9.3): close wins over keep-alive.
[[nodiscard]] bool may_keep_alive(const ControlFields& control, std::uint8_t version_minor);

// No response of status 1xx or 204 has a body (RFC 9110 §8.6, RFC 9112 §6.1). Error 502: this one announces
// one, and what follows it might be taken for the next response.
[[nodiscard]] std::expected<void, ParseError> check_bodiless(const ControlFields& control, int status);

// True if a parse of `bytes` can give a result, good or bad, although one of the first `scanned` bytes of it
// could not: an empty line, a bare LF or a bare CR came since. Keeps slow senders from costing a parse per
// segment.
[[nodiscard]] bool head_may_be_complete(std::string_view bytes, std::size_t scanned);

}  // namespace cardea::http
