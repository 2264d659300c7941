// Heads of requests and responses as every HTTP version delivers them, after all framing is decided.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/fields.h"

namespace cardea::http {

enum class Method : std::uint8_t { get, head, post, put, del, options, patch, connect, trace, other };

enum class Scheme : std::uint8_t { http, https };

// How a body is delimited (RFC 9112 §6.3).
enum class Framing : std::uint8_t {
  none,         // no body at all
  length,       // Content-Length bytes
  chunked,      // chunks, then perhaps trailers
  until_close,  // responses only: the end of the connection is the end of the body
};

struct BodyFraming {
  Framing kind = Framing::none;
  std::uint64_t length = 0;  // of Framing::length
};

// Whether a byte of body comes.
[[nodiscard]] constexpr bool has_body(const BodyFraming& framing) {
  return framing.kind == Framing::length ? framing.length > 0 : framing.kind != Framing::none;
}

struct RequestHead {
  Method method = Method::other;
  std::string_view method_text;
  std::string_view target;  // origin form ("/path?query") or "*"; an absolute form was split already
  std::optional<Scheme> target_scheme;  // of the absolute form, if it was one
  std::string_view authority;  // the value of Host, or of the absolute form, which must agree with it
  std::uint8_t version_minor = 1;
  FieldList fields;  // all fields as sent, Host and framing fields included
  BodyFraming body;
  bool keep_alive = true;         // may the connection be used again, by version and Connection
  bool expects_continue = false;  // Expect: 100-continue
  bool upgrade = false;           // Connection names "upgrade" and an Upgrade field is there
};

struct ResponseHead {
  int status = 0;           // 100–999
  std::string_view reason;  // may be empty
  std::uint8_t version_major = 1;
  std::uint8_t version_minor = 1;
  FieldList fields;
  BodyFraming body;
  bool keep_alive = true;
  // For how long the server keeps the connection for a next request, if its one Keep-Alive field says so.
  std::optional<std::chrono::seconds> keep_alive_timeout;
};

[[nodiscard]] Method parse_method(std::string_view text);
// The usual reason phrase, "" for a status without one.
[[nodiscard]] std::string_view reason_phrase(int status);
// Neither a body nor the length of one belongs to such a response (RFC 9110 §8.6).
[[nodiscard]] constexpr bool is_bodiless(int status) {
  return status < 200 || status == 204;
}
// Safe to send twice (RFC 9110 §9.2.2): GET, HEAD, OPTIONS, TRACE, PUT, DELETE.
[[nodiscard]] bool is_idempotent(Method method);

}  // namespace cardea::http
