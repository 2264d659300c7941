// Heads and chunks of HTTP/1 as bytes. Pure: appends to a buffer. Framing is always our own (RFC 9112 §6).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "http/message.h"

namespace cardea::http {

void append_field(base::Buffer& out, std::string_view name, std::string_view value);
// "HTTP/1.1 200 OK\r\n".
void append_status_line(base::Buffer& out, int status, std::string_view reason);
// "GET /prefix/path HTTP/1.1\r\n".
void append_request_line(base::Buffer& out, std::string_view method, std::string_view prefix,
                         std::string_view target);
// A field whose value comes in parts: begin_field(), out.append() for each, end_field().
void begin_field(base::Buffer& out, std::string_view name);
void end_field(base::Buffer& out);
// The empty line.
void end_head(base::Buffer& out);
// Content-Length or Transfer-Encoding as `body` says; nothing for none and until_close.
void append_framing(base::Buffer& out, BodyFraming body);
// The line before a chunk of `bytes`; after the chunk comes kChunkEnd.
void append_chunk_size(base::Buffer& out, std::size_t bytes);
inline constexpr std::string_view kChunkEnd = "\r\n";
// The end of a chunked body, with the fields that come after it.
void append_last_chunk(base::Buffer& out, const FieldList& trailers);

}  // namespace cardea::http
