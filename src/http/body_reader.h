// The body of one HTTP/1 message, taken piece by piece from a stream's input, whatever its framing.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "base/buffer.h"
#include "http/chunked_decoder.h"
#include "http/message.h"
#include "http/parse_error.h"

namespace cardea::http {

class BodyReader {
 public:
  BodyReader() = default;
  explicit BodyReader(BodyFraming framing) : framing_(framing), bytes_left_(framing.length) {
    done_ = framing.kind == Framing::none || (framing.kind == Framing::length && framing.length == 0);
  }

  // Takes the next piece out of `input`, without waiting. Empty and not done(): more must be read first. The
  // piece is a view into `input` and good until the buffer is prepared again, so until the caller waits.
  // Error: as ChunkedDecoder; the body, and with it the connection, is lost.
  [[nodiscard]] std::expected<std::string_view, ParseError> take(base::Buffer& input);
  // Says that the peer ended its direction. True if that was the proper end of this body.
  [[nodiscard]] bool end_of_input();

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] FieldList trailers() const { return chunks_.trailers(); }

 private:
  BodyFraming framing_;
  std::uint64_t bytes_left_ = 0;
  bool done_ = true;
  ChunkedDecoder chunks_;
};

}  // namespace cardea::http
