// parse_request_head(): the views stay inside, segments do not matter, and what is accepted means the same
// when it is written anew.
#include <string>

#include "base/limits.h"
#include "fuzz_checks.h"
#include "http/field_rules.h"
#include "http/h1_request_parser.h"

using namespace cardea;

namespace {

void check_head(const http::RequestHead& head, std::string_view bytes) {
  for (const http::Field& field : head.fields) {
    fuzz::check_inside(field.name, bytes);
    fuzz::check_inside(field.value, bytes);
    CARDEA_CHECK(http::is_token(field.name) && http::is_field_value(field.value), "fields must be clean");
  }
  fuzz::check_inside(head.method_text, bytes);
  fuzz::check_inside(head.authority, bytes);
  if (head.target != "*") fuzz::check_inside(head.target, bytes);
  CARDEA_CHECK(http::is_token(head.method_text), "the method must be a token");
  CARDEA_CHECK(http::is_authority(head.authority), "the authority must be clean");
  CARDEA_CHECK(head.target == "*" || head.target.starts_with('/'), "the target must be in origin form");
  CARDEA_CHECK(head.body.kind != http::Framing::until_close, "a request cannot end with the connection");
  CARDEA_CHECK(head.fields.count("host") == 1, "exactly one Host");
  CARDEA_CHECK(!head.fields.find("content-length") || !head.fields.find("transfer-encoding"), "one framing");
}

std::string write_anew(const http::RequestHead& head) {
  std::string text(head.method_text);
  text.append(" ").append(head.target).append(head.version_minor == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  for (const http::Field& field : head.fields) {
    if (base::equals_ignoring_case(field.name, "content-length")) continue;
    if (base::equals_ignoring_case(field.name, "transfer-encoding")) continue;
    text.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (head.body.kind == http::Framing::chunked) text.append("Transfer-Encoding: chunked\r\n");
  if (head.body.kind == http::Framing::length) {
    text.append("Content-Length: ").append(std::to_string(head.body.length)).append("\r\n");
  }
  return text.append("\r\n");
}

void check_same(const http::RequestHead& a, const http::RequestHead& b) {
  CARDEA_CHECK(a.method == b.method && a.method_text == b.method_text && a.target == b.target, "same line");
  CARDEA_CHECK(a.authority == b.authority && a.version_minor == b.version_minor, "same host and version");
  CARDEA_CHECK(a.body.kind == b.body.kind && a.body.length == b.body.length, "same framing");
  CARDEA_CHECK(a.keep_alive == b.keep_alive && a.expects_continue == b.expects_continue, "same connection");
  CARDEA_CHECK(a.upgrade == b.upgrade, "same upgrade");
}

// As a connection reads: byte by byte, each call knowing what the one before has seen.
void check_incremental(std::string_view bytes, const std::expected<std::size_t, http::ParseError>& whole) {
  http::RequestHead head;
  std::size_t scanned = 0;
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    const auto parsed = http::parse_request_head(bytes.substr(0, size), head, scanned);
    scanned = size;
    if (parsed && *parsed == 0) continue;
    CARDEA_CHECK(parsed ? parsed == whole : !whole && parsed.error().status == whole.error().status,
                 "the segments must not matter");
    return;
  }
  // A bad byte may be noticed later when it drips in, at the end of the head, but never passed over.
  CARDEA_CHECK(bytes.empty() || !whole || *whole == 0, "a whole head must be seen as whole");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::as_view(data, size);
  http::RequestHead head;
  const auto whole = http::parse_request_head(bytes, head);
  if (size <= 2048) check_incremental(bytes, whole);
  if (!whole || *whole == 0) return 0;
  CARDEA_CHECK(*whole <= bytes.size() && *whole <= base::kHeadBytesMax, "the head must be inside the input");
  check_head(head, bytes.substr(0, *whole));
  const std::string anew = write_anew(head);
  if (anew.size() > base::kHeadBytesMax) return 0;
  http::RequestHead again;
  CARDEA_CHECK(http::parse_request_head(anew, again) == anew.size(), "what we write must be one head");
  check_same(head, again);
  return 0;
}
