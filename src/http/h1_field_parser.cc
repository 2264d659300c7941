#include "http/h1_field_parser.h"

#include <bit>
#include <cstring>

#include "base/limits.h"
#include "base/strings.h"
#include "http/field_rules.h"

namespace cardea::http {
namespace {

std::unexpected<ParseError> bad(std::string_view why) {
  return std::unexpected(ParseError{400, why});
}

// A body's length is added to and subtracted from; half the range leaves no sum that can wrap.
constexpr std::uint64_t kContentLengthMax = INT64_MAX;

// One bit in every byte of a word: the lowest, the highest.
constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHighs = 0x8080808080808080U;

// The first byte in [at, end) that no field value may hold, else `end`. Eight bytes per step: values are most
// of a head. A byte is bad if below 0x20 (but HTAB) or 0x7f; in each lane the high bit of the usual
// "has a byte less than n" expression marks it, and the lowest mark is exact whatever borrows did above it.
const char* find_value_end(const char* at, const char* end) {
  static_assert(std::endian::native == std::endian::little, "the lowest mark must be the first byte");
  while (end - at >= 8) {
    std::uint64_t lanes = 0;
    std::memcpy(&lanes, at, sizeof lanes);
    const std::uint64_t deletes = lanes ^ (kOnes * 0x7f);
    const std::uint64_t marks = (((lanes - kOnes * 0x20) & ~lanes) | ((deletes - kOnes) & ~deletes)) & kHighs;
    if (marks == 0) {
      at += 8;
      continue;
    }
    at += std::countr_zero(marks) / 8;
    if (*at != '\t') return at;
    ++at;
  }
  while (at != end && has_class(*at, kValueByte)) ++at;
  return at;
}

ParseError explain_name(std::string_view name, char stop) {
  if (stop == '\n') return {400, "bare LF in the head"};
  if (stop == '\r') return {400, name.empty() ? "bare CR in the head" : "a field line without a colon"};
  if (stop != ' ' && stop != '\t') {
    return {400, name.empty() ? "an empty field name" : "a field name with a character that is not allowed"};
  }
  return {400, name.empty() ? "a folded field line" : "white space before the colon of a field"};
}

std::string_view trim_end(const char* begin, const char* end) {
  while (end != begin && (end[-1] == ' ' || end[-1] == '\t')) --end;
  return {begin, static_cast<std::size_t>(end - begin)};
}

// Repeated or listed equal values are one (RFC 9110 §8.6); anything else could split one request into two.
std::expected<void, ParseError> read_content_length(std::string_view value, ControlFields& control) {
  bool well_formed = true;
  for_each_list_element(value, [&](std::string_view element) {
    const auto length = base::parse_uint(element, kContentLengthMax);
    well_formed = length && (!control.content_length || *control.content_length == *length);
    control.content_length = length;
    ++control.content_lengths;
    return well_formed;
  });
  if (!well_formed) return bad("Content-Length is not one number");
  return {};
}

// Nothing may follow chunked, and chunked may stand once (RFC 9112 §6.1).
std::expected<void, ParseError> read_transfer_encoding(std::string_view value, ControlFields& control) {
  control.transfer_encoding = true;
  bool well_formed = true;
  for_each_list_element(value, [&](std::string_view coding) {
    well_formed = !control.chunked && is_token(coding);
    if (base::equals_ignoring_case(coding, "chunked")) {
      control.chunked = true;
    } else {
      control.unknown_coding = true;
    }
    return well_formed;
  });
  if (!well_formed) return bad("Transfer-Encoding is malformed");
  return {};
}

std::expected<void, ParseError> read_connection(std::string_view value, ControlFields& control) {
  for_each_list_element(value, [&](std::string_view option) {
    if (base::equals_ignoring_case(option, "close")) control.close = true;
    if (base::equals_ignoring_case(option, "keep-alive")) control.keep_alive = true;
    if (base::equals_ignoring_case(option, "upgrade")) control.connection_upgrade = true;
    return ++control.connection_options <= base::kConnectionOptionsMax;
  });
  if (control.connection_options > base::kConnectionOptionsMax) return bad("too many options in Connection");
  return {};
}

// "timeout=5, max=100" (RFC 2068 §19.7.1.1). It is a hint: what is not clear is nothing, and no error.
void read_keep_alive(std::string_view value, ControlFields& control) {
  static constexpr std::string_view kTimeout = "timeout=";
  control.keep_alive_timeout = {};
  if (++control.keep_alive_count > 1) return;
  std::size_t found = 0;
  std::optional<std::uint64_t> seconds;
  for_each_list_element(value, [&](std::string_view parameter) {
    if (!base::equals_ignoring_case(parameter.substr(0, kTimeout.size()), kTimeout)) return;
    ++found;
    seconds = base::parse_uint(parameter.substr(kTimeout.size()), UINT32_MAX);
  });
  if (found == 1 && seconds) control.keep_alive_timeout = std::chrono::seconds(*seconds);
}

std::expected<void, ParseError> read_control_field(const Field& field, ControlFields& control) {
  const auto is = [&field](std::string_view name) { return base::equals_ignoring_case(field.name, name); };
  // By length first: most fields of a request are none of these and cost one jump.
  switch (field.name.size()) {
    case 4:
      if (!is("host")) break;
      ++control.host_count;
      control.host = field.value;
      break;
    case 6:
      if (!is("expect")) break;
      control.expect_continue = (!control.expect || control.expect_continue) &&
                                base::equals_ignoring_case(field.value, "100-continue");
      control.expect = true;
      break;
    case 7:
      if (is("upgrade")) control.upgrade = true;
      break;
    case 10:
      if (is("connection")) return read_connection(field.value, control);
      if (is("keep-alive")) read_keep_alive(field.value, control);
      break;
    case 14:
      if (is("content-length")) return read_content_length(field.value, control);
      break;
    case 17:
      if (is("transfer-encoding")) return read_transfer_encoding(field.value, control);
      break;
    default: break;
  }
  return {};
}

}  // namespace

std::expected<std::size_t, ParseError> parse_field_lines(std::string_view bytes, FieldList& fields) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  for (;;) {
    if (at == end) return 0;
    const char* const name_begin = at;
    while (has_class(*at, kTokenByte)) {
      if (++at == end) return 0;
    }
    const std::string_view name(name_begin, static_cast<std::size_t>(at - name_begin));
    if (*at != ':' || name.empty()) {
      if (*at != '\r' || !name.empty()) return std::unexpected(explain_name(name, *at));
      if (end - at < 2) return 0;
      if (at[1] != '\n') return bad("bare CR in the head");
      return static_cast<std::size_t>(at + 2 - bytes.data());
    }
    ++at;
    while (at != end && (*at == ' ' || *at == '\t')) ++at;
    const char* const value_begin = at;
    at = find_value_end(at, end);
    if (at == end) return 0;
    if (*at != '\r') return bad(*at == '\n' ? "bare LF in the head" : "a control byte in a field value");
    if (end - at < 2) return 0;
    if (at[1] != '\n') return bad("bare CR in the head");
    if (!fields.add({name, trim_end(value_begin, at)})) {
      return std::unexpected(ParseError{431, "more header fields than allowed"});
    }
    at += 2;
  }
}

std::expected<ControlFields, ParseError> read_control_fields(const FieldList& fields) {
  ControlFields control;
  for (const Field& field : fields) {
    if (auto read = read_control_field(field, control); !read) return std::unexpected(read.error());
  }
  return control;
}

std::expected<BodyFraming, ParseError> decide_framing(const ControlFields& control,
                                                      std::uint8_t version_minor) {
  if (!control.transfer_encoding) {
    if (!control.content_length) return BodyFraming{};
    return BodyFraming{Framing::length, *control.content_length};
  }
  // RFC 9112 §6.1 allows to prefer one; refusing is what no other reader of the same bytes can turn against
  // us.
  if (control.content_length) return bad("both Content-Length and Transfer-Encoding");
  if (version_minor == 0) return bad("Transfer-Encoding in HTTP/1.0");
  if (control.unknown_coding) return std::unexpected(ParseError{501, "a transfer coding other than chunked"});
  return BodyFraming{Framing::chunked, 0};
}

std::expected<void, ParseError> check_bodiless(const ControlFields& control, int status) {
  const bool announces_body = control.transfer_encoding || control.content_length.value_or(0) > 0;
  if (!announces_body || !is_bodiless(status)) return {};
  return std::unexpected(ParseError{502, "a response that has no body announces one"});
}

bool may_keep_alive(const ControlFields& control, std::uint8_t version_minor) {
  if (control.close) return false;
  return version_minor > 0 || control.keep_alive;
}

bool head_may_be_complete(std::string_view bytes, std::size_t scanned) {
  if (scanned == 0 || bytes.size() > base::kHeadBytesMax) return true;
  for (std::size_t at = bytes.find('\n', scanned); at != std::string_view::npos;
       at = bytes.find('\n', at + 1)) {
    const bool bare = at == 0 || bytes[at - 1] != '\r';
    const bool line_is_empty = at >= 2 && bytes[at - 2] == '\n';
    if (bare || line_is_empty) return true;
  }
  // Nothing that follows makes a CR without LF good, and nothing may follow: it is refused now, not when the
  // time for the head is over.
  for (std::size_t at = bytes.find('\r', scanned - 1); at != std::string_view::npos && at + 1 < bytes.size();
       at = bytes.find('\r', at + 1)) {
    if (bytes[at + 1] != '\n') return true;
  }
  return false;
}

}  // namespace cardea::http
