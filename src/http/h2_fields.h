// The fields of a head or of trailers for HTTP/2, filled by the calls that write a head of HTTP/1
// (h1_writer.h), so that one piece of code says what goes to an upstream in either version.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "http/fields.h"
#include "http/message.h"

namespace cardea::http {

// Copies what it is given. Keeps its memory when it is cleared: one per connection allocates once.
class H2Fields {
 public:
  void clear();
  // A name, then its value in parts; the name becomes lower case (RFC 9113 §8.2).
  void begin(std::string_view name);
  void append(std::string_view part) { text_.append(part); }
  void end() { places_.back().end = text_.size(); }

  [[nodiscard]] std::size_t size() const { return places_.size(); }
  // Bytes of all names and values.
  [[nodiscard]] std::size_t bytes() const { return text_.size(); }
  // A view: good until the next change.
  [[nodiscard]] Field operator[](std::size_t index) const;

 private:
  struct Place {
    std::size_t name, value, end;
  };
  std::string text_;
  std::vector<Place> places_;
};

// ":method", ":scheme" and ":path". A target for HTTP/2 over TLS does not exist: the scheme is http.
void append_request_line(H2Fields& out, std::string_view method, std::string_view prefix,
                         std::string_view target);
// Host becomes ":authority". Fields about one connection of HTTP/1 are left out (RFC 9113 §8.2.2), but for
// "TE: trailers".
void append_field(H2Fields& out, std::string_view name, std::string_view value);
void begin_field(H2Fields& out, std::string_view name);
void end_field(H2Fields& out);
// Content-Length; the end of any other body is said by its last frame.
void append_framing(H2Fields& out, BodyFraming body);
void end_head(H2Fields& out);

}  // namespace cardea::http
