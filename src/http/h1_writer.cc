#include "http/h1_writer.h"

#include <array>
#include <charconv>
#include <cstring>

namespace cardea::http {
namespace {

// One bounds check per line instead of one per part.
template <typename... Parts>
void append_parts(base::Buffer& out, Parts... parts) {
  const std::size_t bytes = (parts.size() + ...);
  char* at = out.prepare(bytes).data();
  ((std::memcpy(at, parts.data(), parts.size()), at += parts.size()), ...);
  out.commit(bytes);
}

template <typename Number>
std::string_view format_number(std::array<char, 24>& digits, Number number, int radix) {
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, radix).ptr;
  return {digits.data(), static_cast<std::size_t>(end - digits.data())};
}

constexpr std::string_view kEol = "\r\n";

}  // namespace

void append_field(base::Buffer& out, std::string_view name, std::string_view value) {
  append_parts(out, name, std::string_view(": "), value, kEol);
}

void append_status_line(base::Buffer& out, int status, std::string_view reason) {
  std::array<char, 24> digits;
  append_parts(out, std::string_view("HTTP/1.1 "), format_number(digits, status, 10), std::string_view(" "),
               reason, kEol);
}

void append_request_line(base::Buffer& out, std::string_view method, std::string_view prefix,
                         std::string_view target) {
  append_parts(out, method, std::string_view(" "), prefix, target, std::string_view(" HTTP/1.1\r\n"));
}

void begin_field(base::Buffer& out, std::string_view name) {
  append_parts(out, name, std::string_view(": "));
}

void end_field(base::Buffer& out) {
  out.append(kEol);
}

void end_head(base::Buffer& out) {
  out.append(kEol);
}

void append_framing(base::Buffer& out, BodyFraming body) {
  std::array<char, 24> digits;
  if (body.kind == Framing::length) {
    append_field(out, "Content-Length", format_number(digits, body.length, 10));
  } else if (body.kind == Framing::chunked) {
    append_field(out, "Transfer-Encoding", "chunked");
  }
}

void append_last_chunk(base::Buffer& out, const FieldList& trailers) {
  out.append("0\r\n");
  for (const Field& field : trailers) append_field(out, field.name, field.value);
  out.append(kEol);
}

void append_chunk_size(base::Buffer& out, std::size_t bytes) {
  std::array<char, 24> digits;
  append_parts(out, format_number(digits, bytes, 16), kEol);
}

}  // namespace cardea::http
