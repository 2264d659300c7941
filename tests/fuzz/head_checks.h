// What the fuzzers of HTTP heads check, of requests and of responses.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "fuzz_checks.h"
#include "http/field_rules.h"
#include "http/message.h"
#include "http/parse_error.h"

namespace cardea::fuzz {

using ParsedHead = std::expected<std::size_t, http::ParseError>;

inline void check_fields(const http::FieldList& fields, std::string_view bytes) {
  for (const http::Field& field : fields) {
    check_inside(field.name, bytes);
    check_inside(field.value, bytes);
    CARDEA_CHECK(http::is_token(field.name) && http::is_field_value(field.value), "fields must be clean");
  }
}

// All of a head that follows its first line, with the framing written anew.
inline void append_fields(std::string& text, const http::FieldList& fields, http::BodyFraming body) {
  for (const http::Field& field : fields) {
    if (base::equals_ignoring_case(field.name, "content-length")) continue;
    if (base::equals_ignoring_case(field.name, "transfer-encoding")) continue;
    text.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (body.kind == http::Framing::chunked) text.append("Transfer-Encoding: chunked\r\n");
  if (body.kind == http::Framing::length) {
    text.append("Content-Length: ").append(std::to_string(body.length)).append("\r\n");
  }
  text.append("\r\n");
}

// As a connection reads: byte by byte, each parse(bytes, scanned) knowing what the one before has seen.
template <typename Parse>
void check_incremental(std::string_view bytes, const ParsedHead& whole, Parse parse) {
  std::size_t scanned = 0;
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    const ParsedHead parsed = parse(bytes.substr(0, size), scanned);
    scanned = size;
    if (parsed && *parsed == 0) continue;
    CARDEA_CHECK(parsed ? parsed == whole : !whole && parsed.error().status == whole.error().status,
                 "the segments must not matter");
    return;
  }
  // A bad byte may be noticed later when it drips in, at the end of the head, but never passed over.
  CARDEA_CHECK(bytes.empty() || !whole || *whole == 0, "a whole head must be seen as whole");
}

}  // namespace cardea::fuzz
