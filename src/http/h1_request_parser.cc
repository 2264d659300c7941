#include "http/h1_request_parser.h"

#include <algorithm>

#include "base/limits.h"
#include "base/strings.h"
#include "http/field_rules.h"
#include "http/h1_field_parser.h"

namespace cardea::http {
namespace {

std::unexpected<ParseError> fail_with(int status, std::string_view why) {
  return std::unexpected(ParseError{status, why});
}
std::unexpected<ParseError> bad(std::string_view why) {
  return fail_with(400, why);
}

// What an absolute-form target says besides its path.
struct AbsoluteForm {
  std::string_view authority;   // empty: the target was in origin form
  std::string_view usual_port;  // ":80" or ":443"
};

std::size_t skip_empty_line(std::string_view bytes) {
  return bytes.starts_with("\r\n") ? 2 : 0;
}

// A request line that has no end yet. Telling at once that it is none, for example a ClientHello sent to the
// wrong port, saves the peer the wait for our timeout.
bool may_become_request_line(std::string_view bytes) {
  if (bytes.empty() || bytes == "\r") return true;
  const std::size_t method_end = std::min(bytes.find(' '), bytes.size());
  return is_token(bytes.substr(0, method_end));
}

std::expected<void, ParseError> check_target_bytes(std::string_view target) {
  if (target.empty()) return bad("the request line has no target");
  for (const char c : target) {
    if (!has_class(c, kTargetByte)) return bad("a byte in the target that must be percent-encoded");
  }
  for (std::size_t at = target.find('%'); at != std::string_view::npos; at = target.find('%', at + 1)) {
    // Languages with NUL-terminated strings would see another, shorter path behind us.
    if (target.substr(at + 1, 2) == "00") return bad("a percent-encoded NUL in the target");
  }
  return {};
}

std::expected<std::uint8_t, ParseError> parse_version(std::string_view text) {
  if (text.size() != 8 || !text.starts_with("HTTP/") || !base::is_digit(text[5]) || text[6] != '.' ||
      !base::is_digit(text[7])) {
    return bad("the request line does not end with HTTP/1.1");
  }
  if (text[5] != '1') return fail_with(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  // A later minor version is understood as the highest that we know (RFC 9110 §2.5).
  return text[7] == '0' ? std::uint8_t{0} : std::uint8_t{1};
}

// `line` is without its CRLF: method SP target SP version (RFC 9112 §3).
std::expected<void, ParseError> parse_request_line(std::string_view line, RequestHead& head) {
  const std::size_t method_end = line.find(' ');
  head.method_text = line.substr(0, method_end);
  if (!is_token(head.method_text)) return bad("the method is not a token");
  if (method_end == std::string_view::npos) return bad("the request line has no target");
  const std::string_view rest = line.substr(method_end + 1);
  const std::size_t target_end = rest.find(' ');
  if (target_end == std::string_view::npos) return bad("the request line has no version");
  head.target = rest.substr(0, target_end);
  head.method = parse_method(head.method_text);
  const auto version = parse_version(rest.substr(target_end + 1));
  if (!version) return std::unexpected(version.error());
  head.version_minor = *version;
  if (head.method == Method::connect) return fail_with(501, "CONNECT is not supported");
  return check_target_bytes(head.target);
}

// Cuts scheme and authority off an absolute-form target (RFC 9112 §3.2.2).
std::expected<AbsoluteForm, ParseError> split_target(RequestHead& head) {
  head.target_scheme = {};
  if (head.target.starts_with('/')) return AbsoluteForm{};
  if (head.target == "*") {
    if (head.method != Method::options) return bad("the target * is for OPTIONS only");
    return AbsoluteForm{};
  }
  const std::size_t colon = head.target.find("://");
  if (colon == std::string_view::npos) return bad("the target is no path");
  const std::string_view scheme = head.target.substr(0, colon);
  const bool http = base::equals_ignoring_case(scheme, "http");
  if (!http && !base::equals_ignoring_case(scheme, "https")) return bad("the target's scheme is not HTTP");
  head.target_scheme = http ? Scheme::http : Scheme::https;
  const std::string_view rest = head.target.substr(colon + 3);
  const std::size_t path = rest.find_first_of("/?");
  const AbsoluteForm absolute{rest.substr(0, path), http ? ":80" : ":443"};
  if (absolute.authority.empty()) return bad("an absolute target without a host");
  if (path == std::string_view::npos) {
    // An empty path is "/", which is at hand in "://"; for OPTIONS it is "*" (RFC 9112 §3.2.4).
    head.target = head.method == Method::options ? "*" : head.target.substr(colon + 1, 1);
  } else if (rest[path] == '?') {
    return bad("an absolute target without a path before its query");
  } else {
    head.target = rest.substr(path);
  }
  return absolute;
}

bool same_authority(std::string_view host, const AbsoluteForm& absolute) {
  const auto bare = [&](std::string_view authority) {
    if (authority.ends_with(absolute.usual_port)) authority.remove_suffix(absolute.usual_port.size());
    return authority;
  };
  return base::equals_ignoring_case(bare(host), bare(absolute.authority));
}

// What the fields decide, once all are there.
std::expected<void, ParseError> conclude(RequestHead& head, const AbsoluteForm& absolute) {
  const auto control = read_control_fields(head.fields);
  if (!control) return std::unexpected(control.error());
  // HTTP/1.0 clients need not send Host, but without it no virtual host can be chosen.
  if (control->host_count == 0) return bad("the Host field is missing");
  if (control->host_count > 1) return bad("more than one Host field");
  if (!is_authority(control->host)) return bad("the Host field is no host and port");
  if (!absolute.authority.empty() && !same_authority(control->host, absolute)) {
    return bad("the Host field and the target name different hosts");
  }
  head.authority = control->host;
  const auto framing = decide_framing(*control, head.version_minor);
  if (!framing) return std::unexpected(framing.error());
  head.body = *framing;
  if (control->expect && !control->expect_continue)
    return fail_with(417, "only 100-continue can be expected");
  // RFC 9110 §10.1.1 and §7.8: an HTTP/1.0 client's 100-continue and Upgrade are ignored.
  head.expects_continue = control->expect_continue && head.version_minor > 0;
  head.upgrade = control->upgrade && control->connection_upgrade && head.version_minor > 0;
  head.keep_alive = may_keep_alive(*control, head.version_minor);
  return {};
}

std::expected<std::size_t, ParseError> parse_within_limit(std::string_view bytes, RequestHead& head) {
  const std::size_t line_begin = skip_empty_line(bytes);  // RFC 9112 §2.2: one is tolerated
  const std::size_t line_end = bytes.find('\n', line_begin);
  if (line_end == std::string_view::npos) {
    if (!may_become_request_line(bytes.substr(line_begin))) return bad("the method is not a token");
    return 0;
  }
  if (line_end == line_begin || bytes[line_end - 1] != '\r') return bad("bare LF in the head");
  const auto line = parse_request_line(bytes.substr(line_begin, line_end - 1 - line_begin), head);
  if (!line) return std::unexpected(line.error());
  const auto absolute = split_target(head);
  if (!absolute) return std::unexpected(absolute.error());
  head.fields.clear();
  const auto fields_bytes = parse_field_lines(bytes.substr(line_end + 1), head.fields);
  if (!fields_bytes || *fields_bytes == 0) return fields_bytes;
  if (const auto concluded = conclude(head, *absolute); !concluded) return std::unexpected(concluded.error());
  return line_end + 1 + *fields_bytes;
}

}  // namespace

std::expected<std::size_t, ParseError> parse_request_head(std::string_view bytes, RequestHead& head,
                                                          std::size_t scanned) {
  if (!head_may_be_complete(bytes, scanned)) return 0;
  const auto parsed = parse_within_limit(bytes.substr(0, base::kHeadBytesMax), head);
  if (parsed && *parsed == 0 && bytes.size() > base::kHeadBytesMax) {
    return fail_with(431, "the head is larger than allowed");
  }
  return parsed;
}

}  // namespace cardea::http
