// ChunkedDecoder: pieces stay inside the input, segments do not matter, and a body that is encoded anew
// decodes to the same bytes. The first byte is the size of the segments.
#include <algorithm>
#include <string>

#include "fuzz_checks.h"
#include "http/chunked_decoder.h"
#include "http/field_rules.h"

using namespace cardea;

namespace {

struct Outcome {
  bool failed = false;
  bool done = false;
  std::size_t consumed = 0;
  std::string body;
  std::string trailers;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Feeds one segment until it is used up. False when nothing more can come.
bool feed(http::ChunkedDecoder& decoder, std::string_view segment, Outcome& outcome) {
  while (!segment.empty()) {
    const auto step = decoder.next(segment);
    if (!step) {
      outcome.failed = true;
      return false;
    }
    CARDEA_CHECK(step->consumed <= segment.size(), "no more consumed than given");
    CARDEA_CHECK(step->consumed > 0 || step->done, "every step must move on");
    fuzz::check_inside(step->data, segment.substr(0, step->consumed));
    outcome.body.append(step->data);
    outcome.consumed += step->consumed;
    outcome.done = step->done;
    if (step->done) return false;
    segment.remove_prefix(step->consumed);
  }
  return true;
}

Outcome decode(std::string_view bytes, std::size_t segment_bytes) {
  http::ChunkedDecoder decoder;
  Outcome outcome;
  while (!bytes.empty() && feed(decoder, bytes.substr(0, segment_bytes), outcome)) {
    bytes.remove_prefix(std::min(segment_bytes, bytes.size()));
  }
  for (const http::Field& field : decoder.trailers()) {
    CARDEA_CHECK(http::is_token(field.name) && http::is_field_value(field.value), "trailers must be clean");
    outcome.trailers.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = fuzz::as_view(data + 1, size - 1);
  const Outcome whole = decode(bytes, std::max<std::size_t>(1, bytes.size()));
  const Outcome pieces = decode(bytes, static_cast<std::size_t>(data[0] % 16) + 1);
  CARDEA_CHECK(whole.failed == pieces.failed && whole.done == pieces.done, "the segments must not matter");
  if (whole.failed) return 0;
  CARDEA_CHECK(whole == pieces, "the segments must not matter");
  if (!whole.done) return 0;
  std::string anew;
  for (const char c : whole.body) anew.append("1\r\n").append(1, c).append("\r\n");
  anew.append("0\r\n").append(whole.trailers).append("\r\n");
  const Outcome again = decode(anew, anew.size());
  CARDEA_CHECK(again.done && again.body == whole.body && again.trailers == whole.trailers, "same body again");
  CARDEA_CHECK(again.consumed == anew.size(), "nothing left over");
  return 0;
}
