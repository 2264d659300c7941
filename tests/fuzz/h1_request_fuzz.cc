// parse_request_head(): the views stay inside, segments do not matter, and what is accepted means the same
// when it is written anew.
#include <string>

#include "base/limits.h"
#include "head_checks.h"
#include "http/field_rules.h"
#include "http/h1_request_parser.h"

using namespace cardea;

namespace {

void check_head(const http::RequestHead& head, std::string_view bytes) {
  fuzz::check_fields(head.fields, bytes);
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
  fuzz::append_fields(text, head.fields, head.body);
  return text;
}

void check_same(const http::RequestHead& a, const http::RequestHead& b) {
  CARDEA_CHECK(a.method == b.method && a.method_text == b.method_text && a.target == b.target, "same line");
  CARDEA_CHECK(a.authority == b.authority && a.version_minor == b.version_minor, "same host and version");
  CARDEA_CHECK(a.body.kind == b.body.kind && a.body.length == b.body.length, "same framing");
  CARDEA_CHECK(a.keep_alive == b.keep_alive && a.expects_continue == b.expects_continue, "same connection");
  CARDEA_CHECK(a.upgrade == b.upgrade, "same upgrade");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::as_view(data, size);
  http::RequestHead head;
  const auto whole = http::parse_request_head(bytes, head);
  if (size <= 2048) {
    http::RequestHead dripping;
    fuzz::check_incremental(bytes, whole, [&](std::string_view part, std::size_t scanned) {
      return http::parse_request_head(part, dripping, scanned);
    });
  }
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
