#include "http/body_reader.h"

#include <algorithm>

namespace cardea::http {

std::expected<std::string_view, ParseError> BodyReader::take(base::Buffer& input) {
  if (done_ || input.empty()) return std::string_view();
  if (framing_.kind == Framing::chunked) {
    for (;;) {
      auto step = chunks_.next(input.view());
      if (!step) return std::unexpected(step.error());
      input.consume(step->consumed);
      done_ = step->done;
      if (!step->data.empty() || done_ || input.empty()) return step->data;
    }
  }
  std::string_view piece = input.view();
  if (framing_.kind == Framing::length) {
    piece = piece.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), bytes_left_)));
    bytes_left_ -= piece.size();
    done_ = bytes_left_ == 0;
  }
  input.consume(piece.size());
  return piece;
}

bool BodyReader::end_of_input() {
  if (framing_.kind == Framing::until_close) done_ = true;
  return done_;
}

}  // namespace cardea::http
