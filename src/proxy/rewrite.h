// What the proxy changes in heads on their way: the header contract of docs/headers.md. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "base/error.h"
#include "http/exchange.h"
#include "http/h2_fields.h"
#include "http/message.h"
#include "proxy/target.h"

namespace cardea::proxy {

// Appends the head for the upstream: its own framing and Host, the client's fields without those that end
// here, X-Forwarded-*, X-Real-IP, X-Request-Id and Via of our own, then the target's custom headers.
// `Head` is base::Buffer for HTTP/1, http::H2Fields for HTTP/2: what is said is the same.
template <typename Head>
void append_upstream_head(Head& out, const http::RequestHead& request, const http::ConnectionInfo& connection,
                          const Target& target, std::string_view request_id);
extern template void append_upstream_head(base::Buffer&, const http::RequestHead&,
                                          const http::ConnectionInfo&, const Target&, std::string_view);
extern template void append_upstream_head(http::H2Fields&, const http::RequestHead&,
                                          const http::ConnectionInfo&, const Target&, std::string_view);

// Whether the request came through here before, again and again: its Via fields (RFC 9110 §7.6.3) name us
// kViaHopsMax times.
[[nodiscard]] bool is_loop(const http::FieldList& fields);

// How often a TRACE or OPTIONS may still be passed on (RFC 9110 §7.6.2); nullopt: for ever, like every other
// request. At 0, and that is also what is no single number, it must be answered here; append_upstream_head()
// writes one less.
[[nodiscard]] std::optional<std::uint64_t> forwards_left(const http::RequestHead& request);

// Whether an upgrade (RFC 9110 §7.8) that the client asks for is passed on: of a request without a body, and
// to anything but HTTP/2, which would carry requests that nobody here sees.
[[nodiscard]] bool wants_upgrade(const http::RequestHead& request);
// What a 101 of the upstream gives the client. Error (upstream): protocol, if it switches to nothing that the
// client offered, or to a WebSocket without having accepted the client's key (RFC 6455 §4.2.2); too_large, as
// rewrite_response().
[[nodiscard]] base::Status rewrite_switch(const http::RequestHead& request,
                                          const http::ResponseHead& response, http::ResponseHead& out);

// The trailer fields that may go on (RFC 9110 §6.5.1). Views into `trailers`. An upstream may join them with
// the head: of a request's, nothing passes that would not in the head, whoever the peer is.
[[nodiscard]] http::FieldList rewrite_request_trailers(const http::RequestHead& request,
                                                       const http::FieldList& trailers, const Target& target);
[[nodiscard]] http::FieldList rewrite_response_trailers(const http::FieldList& trailers);

// The fields of an upstream's response that the client gets, plus Via. Views point into `response`.
// False: too many fields.
[[nodiscard]] bool rewrite_response(const http::ResponseHead& response, http::ResponseHead& out);

}  // namespace cardea::proxy
