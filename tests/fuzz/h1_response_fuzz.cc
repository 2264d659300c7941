// parse_response_head(): the views stay inside, segments do not matter, every refusal is 502, and framing
// that is written anew means the same. The first byte chooses the method of the request being answered.
#include <string>

#include "base/limits.h"
#include "head_checks.h"
#include "http/field_rules.h"
#include "http/h1_response_parser.h"

using namespace cardea;

namespace {

void check_head(const http::ResponseHead& head, http::Method method, std::string_view bytes) {
  fuzz::check_fields(head.fields, bytes);
  fuzz::check_inside(head.reason, bytes);
  CARDEA_CHECK(http::is_field_value(head.reason), "the reason must be clean");
  CARDEA_CHECK(head.status >= 100 && head.status <= 999, "the status must be in range");
  const bool bodiless =
      method == http::Method::head || head.status < 200 || head.status == 204 || head.status == 304;
  CARDEA_CHECK(!bodiless || head.body.kind == http::Framing::none, "no body by method or status");
  CARDEA_CHECK(bodiless || head.body.kind != http::Framing::none, "every other response has a body");
  CARDEA_CHECK(head.body.kind != http::Framing::until_close || !head.keep_alive, "the end is the close");
}

std::string write_anew(const http::ResponseHead& head) {
  std::string text(head.version_minor == 0 ? "HTTP/1.0 " : "HTTP/1.1 ");
  text.append(std::to_string(head.status)).append(" ").append(head.reason).append("\r\n");
  fuzz::append_fields(text, head.fields, head.body);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const http::Method method = data[0] == 'H' ? http::Method::head : http::Method::get;
  const std::string_view bytes = fuzz::as_view(data + 1, size - 1);
  http::ResponseHead head;
  const auto whole = http::parse_response_head(bytes, method, head);
  CARDEA_CHECK(whole || whole.error().status == 502, "a bad response is 502");
  if (size <= 2048) {
    http::ResponseHead dripping;
    fuzz::check_incremental(bytes, whole, [&](std::string_view part, std::size_t scanned) {
      return http::parse_response_head(part, method, dripping, scanned);
    });
  }
  if (!whole || *whole == 0) return 0;
  CARDEA_CHECK(*whole <= bytes.size() && *whole <= base::kHeadBytesMax, "the head must be inside the input");
  check_head(head, method, bytes.substr(0, *whole));
  const std::string anew = write_anew(head);
  if (anew.size() > base::kHeadBytesMax) return 0;
  http::ResponseHead again;
  CARDEA_CHECK(http::parse_response_head(anew, method, again) == anew.size(),
               "what we write must be one head");
  CARDEA_CHECK(again.status == head.status && again.reason == head.reason, "same status line");
  CARDEA_CHECK(again.body.kind == head.body.kind && again.body.length == head.body.length, "same framing");
  CARDEA_CHECK(again.keep_alive == head.keep_alive, "same connection");
  return 0;
}
