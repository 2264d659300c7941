#include "http/h1_response_parser.h"

#include <algorithm>

#include "base/limits.h"
#include "base/strings.h"
#include "http/field_rules.h"
#include "http/h1_field_parser.h"

namespace cardea::http {
namespace {

constexpr int kStatus = 502;
constexpr std::string_view kPrefix = "HTTP/1.";
// Places in "HTTP/1.1 200 OK".
constexpr std::size_t kMinorAt = 7;
constexpr std::size_t kStatusAt = 9;
constexpr std::size_t kReasonAt = 12;

std::unexpected<ParseError> bad(std::string_view why) {
  return std::unexpected(ParseError{kStatus, why});
}

// A status line that has no end yet but shows already that it is none.
bool may_become_status_line(std::string_view bytes) {
  const std::size_t known = std::min(bytes.size(), kPrefix.size());
  return bytes.substr(0, known) == kPrefix.substr(0, known);
}

// `line` is without its CRLF: HTTP/1.x SP status [SP [reason]] (RFC 9112 §4; the last space is often left
// out).
std::expected<void, ParseError> parse_status_line(std::string_view line, ResponseHead& head) {
  if (!may_become_status_line(line) || line.size() < kReasonAt || !base::is_digit(line[kMinorAt]) ||
      line[kStatusAt - 1] != ' ') {
    return bad("the response does not begin with HTTP/1.1 and a status");
  }
  head.version_minor = line[kMinorAt] == '0' ? std::uint8_t{0} : std::uint8_t{1};
  const auto status = base::parse_uint(line.substr(kStatusAt, 3));
  if (!status || *status < 100) return bad("the status is not a number from 100 to 999");
  head.status = static_cast<int>(*status);
  head.reason = {};
  if (line.size() == kReasonAt) return {};
  if (line[kReasonAt] != ' ') return bad("the status is not a number from 100 to 999");
  head.reason = line.substr(kReasonAt + 1);
  if (!is_field_value(head.reason)) return bad("a control byte in the reason phrase");
  return {};
}

bool has_no_body(int status, Method request_method) {
  return request_method == Method::head || is_bodiless(status) || status == 304;
}

std::expected<void, ParseError> conclude(ResponseHead& head, Method request_method) {
  const auto control = read_control_fields(head.fields);
  if (!control) return bad(control.error().why);
  // Equal ones count as one in a request (RFC 9110 §8.6). Who answers with two is no server that makes its
  // own heads, and of answers to HEAD the client would get both.
  if (control->content_lengths > 1) return bad("more than one Content-Length");
  if (auto sound = check_bodiless(*control, head.status); !sound) return sound;
  const auto framing = decide_framing(*control, head.version_minor);
  if (!framing) return bad(framing.error().why);
  head.body = *framing;
  head.keep_alive = may_keep_alive(*control, head.version_minor);
  head.keep_alive_timeout = control->keep_alive_timeout;
  if (has_no_body(head.status, request_method)) {
    head.body = {};
  } else if (head.body.kind == Framing::none) {
    head.body.kind = Framing::until_close;
    head.keep_alive = false;
  }
  return {};
}

std::expected<std::size_t, ParseError> parse_within_limit(std::string_view bytes, Method request_method,
                                                          ResponseHead& head) {
  const std::size_t line_end = bytes.find('\n');
  if (line_end == std::string_view::npos) {
    if (!may_become_status_line(bytes)) return bad("the response does not begin with HTTP/1.1 and a status");
    return 0;
  }
  if (line_end == 0 || bytes[line_end - 1] != '\r') return bad("bare LF in the head");
  if (auto line = parse_status_line(bytes.substr(0, line_end - 1), head); !line) {
    return std::unexpected(line.error());
  }
  head.fields.clear();
  const auto fields_bytes = parse_field_lines(bytes.substr(line_end + 1), head.fields);
  if (!fields_bytes) return bad(fields_bytes.error().why);
  if (*fields_bytes == 0) return 0;
  if (auto concluded = conclude(head, request_method); !concluded) return std::unexpected(concluded.error());
  return line_end + 1 + *fields_bytes;
}

}  // namespace

std::expected<std::size_t, ParseError> parse_response_head(std::string_view bytes, Method request_method,
                                                           ResponseHead& head, std::size_t scanned) {
  if (!head_may_be_complete(bytes, scanned)) return 0;
  const auto parsed = parse_within_limit(bytes.substr(0, base::kHeadBytesMax), request_method, head);
  if (parsed && *parsed == 0 && bytes.size() > base::kHeadBytesMax)
    return bad("the head is larger than allowed");
  return parsed;
}

}  // namespace cardea::http
