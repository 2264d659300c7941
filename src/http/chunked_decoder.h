// The chunked transfer coding, decoded piece by piece and strictly (RFC 9112 §7.1). Body data is never
// copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "http/fields.h"
#include "http/parse_error.h"

namespace cardea::http {

// One per body. Holds nothing but its place in the coding and the trailer section.
class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;  // bytes of the input that are done with; 0 only if the input was empty or done
    std::string_view data;     // body bytes, a view into the input; empty if this step had none
    bool done = false;         // the body is complete; what follows belongs to the next message
  };

  // Takes a prefix of `input` and yields at most one piece of data; call again with the rest until it is used
  // up or `done`. After `done` it consumes nothing. Error: 400 malformed or a line over kChunkLineBytesMax,
  // 431 trailers over kHeadBytesMax or kFieldsMax; it stays in error. A caller that reads a response says
  // 502.
  [[nodiscard]] std::expected<Step, ParseError> next(std::string_view input);

  [[nodiscard]] bool done() const { return state_ == State::done; }
  // The fields after the last chunk, once done(). Views into this decoder: they end with it or when it is
  // moved.
  [[nodiscard]] FieldList trailers() const;

 private:
  enum class State : std::uint8_t {
    size_first,  // at least one digit must come
    size_more,
    before_extension,  // white space after the size: only ';' may follow
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailers,
    done,
    failed,
  };

  // Takes bytes that are not data, up to the next piece of data or the end. Returns what is left of `input`.
  std::expected<std::string_view, ParseError> take_framing(std::string_view input);
  std::expected<void, ParseError> take_size_byte(char byte);
  std::expected<void, ParseError> take_digit(char byte);
  std::expected<std::size_t, ParseError> take_trailers(std::string_view input);
  std::unexpected<ParseError> fail(int status, std::string_view why);

  State state_ = State::size_first;
  std::uint64_t chunk_bytes_left_ = 0;
  std::size_t line_bytes_ = 0;  // of the current chunk-size line
  std::size_t digits_ = 0;
  std::size_t trailer_line_begin_ = 0;
  std::string trailer_bytes_;
};

}  // namespace cardea::http
