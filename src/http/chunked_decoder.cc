#include "http/chunked_decoder.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/strings.h"
#include "http/field_rules.h"
#include "http/h1_field_parser.h"

namespace cardea::http {
namespace {

constexpr std::size_t kSizeDigitsMax = 16;  // 64 bits, so that a size cannot overflow

}  // namespace

std::unexpected<ParseError> ChunkedDecoder::fail(int status, std::string_view why) {
  state_ = State::failed;
  return std::unexpected(ParseError{status, why});
}

std::expected<ChunkedDecoder::Step, ParseError> ChunkedDecoder::next(std::string_view input) {
  const auto rest = take_framing(input);
  if (!rest) return std::unexpected(rest.error());
  Step step{input.size() - rest->size(), {}, done()};
  if (state_ != State::data) return step;
  step.data = rest->substr(0, std::min<std::uint64_t>(rest->size(), chunk_bytes_left_));
  step.consumed += step.data.size();
  chunk_bytes_left_ -= step.data.size();
  if (chunk_bytes_left_ == 0) state_ = State::data_cr;
  return step;
}

std::expected<std::string_view, ParseError> ChunkedDecoder::take_framing(std::string_view input) {
  while (!input.empty() && state_ != State::data && state_ != State::done) {
    switch (state_) {
      case State::data_cr:
        if (input.front() != '\r') return fail(400, "a chunk is longer than its size");
        state_ = State::data_lf;
        input.remove_prefix(1);
        break;
      case State::data_lf:
        if (input.front() != '\n') return fail(400, "bare CR after a chunk");
        state_ = State::size_first;
        input.remove_prefix(1);
        break;
      case State::trailers: {
        const auto taken = take_trailers(input);
        if (!taken) return std::unexpected(taken.error());
        input.remove_prefix(*taken);
        break;
      }
      case State::failed: return fail(400, "the chunked body was malformed before");
      default:
        if (auto taken = take_size_byte(input.front()); !taken) return std::unexpected(taken.error());
        input.remove_prefix(1);
        break;
    }
  }
  return input;
}

// chunk-size [*( BWS ";" … )] CRLF. Extensions mean nothing to us (RFC 9112 §7.1.1) but must not hide a line
// end.
std::expected<void, ParseError> ChunkedDecoder::take_size_byte(char byte) {
  if (++line_bytes_ > base::kChunkLineBytesMax) return fail(400, "a chunk-size line is too long");
  if (state_ == State::size_lf) {
    if (byte != '\n') return fail(400, "bare CR in a chunk-size line");
    state_ = chunk_bytes_left_ == 0 ? State::trailers : State::data;
    line_bytes_ = 0;
    digits_ = 0;
    return {};
  }
  if ((state_ == State::size_first || state_ == State::size_more) && base::hex_value(byte) >= 0) {
    return take_digit(byte);
  }
  if (state_ == State::size_first) return fail(400, "a chunk size is not a hexadecimal number");
  if (byte == '\r' && state_ != State::before_extension) {
    state_ = State::size_lf;
  } else if (state_ == State::extension) {
    if (!has_class(byte, kValueByte)) return fail(400, "a control byte in a chunk extension");
  } else if (byte == ';') {
    state_ = State::extension;
  } else if (byte == ' ' || byte == '\t') {
    state_ = State::before_extension;
  } else {
    return fail(400, "a chunk size is not a hexadecimal number");
  }
  return {};
}

std::expected<void, ParseError> ChunkedDecoder::take_digit(char byte) {
  if (++digits_ > kSizeDigitsMax) return fail(400, "a chunk size has too many digits");
  if (state_ == State::size_first) chunk_bytes_left_ = 0;
  chunk_bytes_left_ = chunk_bytes_left_ * 16 + static_cast<std::uint64_t>(base::hex_value(byte));
  state_ = State::size_more;
  return {};
}

std::expected<std::size_t, ParseError> ChunkedDecoder::take_trailers(std::string_view input) {
  const std::size_t line_feed = input.find('\n');
  const std::string_view taken =
      input.substr(0, line_feed == std::string_view::npos ? line_feed : line_feed + 1);
  if (trailer_bytes_.size() + taken.size() > base::kHeadBytesMax)
    return fail(431, "the trailers are too large");
  trailer_bytes_.append(taken);
  if (line_feed == std::string_view::npos) return taken.size();
  const std::string_view line = std::string_view(trailer_bytes_).substr(trailer_line_begin_);
  trailer_line_begin_ = trailer_bytes_.size();
  if (!line.ends_with("\r\n")) return fail(400, "bare LF in the trailers");
  if (line.size() > 2) return taken.size();
  // The empty line: the section is whole. Nearly always it is nothing but that line.
  if (trailer_bytes_.size() > 2) {
    FieldList fields;
    const auto parsed = parse_field_lines(trailer_bytes_, fields);
    if (!parsed) return fail(parsed.error().status, parsed.error().why);
  }
  state_ = State::done;
  return taken.size();
}

FieldList ChunkedDecoder::trailers() const {
  FieldList fields;
  // Parsed before with this very result when the section ended; an unfinished one shows no fields.
  if (!done() || !parse_field_lines(trailer_bytes_, fields)) fields.clear();
  return fields;
}

}  // namespace cardea::http
