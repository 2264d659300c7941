// The fields that tell an upstream about the client and the request (X-Forwarded-For and its family): ours,
// unless a proxy that TRUSTED_PROXIES names has said it. The contract is in docs/headers.md. Pure.
#pragma once

#include <string_view>

#include "base/buffer.h"
#include "http/exchange.h"
#include "http/h2_fields.h"
#include "http/message.h"
#include "proxy/target.h"

namespace cardea::proxy {

// One of the family: an upstream takes it for a fact. All of X-Forwarded-…, whatever comes after it: which of
// them some upstream believes nobody can list.
[[nodiscard]] bool is_forwarding_field(std::string_view name);
// One that only a trusted proxy may set, and that passes as it is if it did.
[[nodiscard]] bool passes_if_trusted(std::string_view name);
// Whether the target's custom headers set that field, or one that an upstream may take for it
// (http::is_same_variable).
[[nodiscard]] bool is_custom(const Target& target, std::string_view name);

// Who made the request: the peer, or whom the trusted proxies before us name, the last one that is not
// trusted itself. A view into the request or the connection.
[[nodiscard]] std::string_view client_address(const http::RequestHead& request,
                                              const http::ConnectionInfo& connection);

// Appends X-Forwarded-For, -Proto, -Host, -Port, X-Real-IP and X-Request-Id, and Forwarded (RFC 7239) if the
// target wants it, but those that are custom.
// `Head` is base::Buffer for HTTP/1, http::H2Fields for HTTP/2.
template <typename Head>
void append_forwarding(Head& out, const http::RequestHead& request, const http::ConnectionInfo& connection,
                       const Target& target, std::string_view request_id);
extern template void append_forwarding(base::Buffer&, const http::RequestHead&, const http::ConnectionInfo&,
                                       const Target&, std::string_view);
extern template void append_forwarding(http::H2Fields&, const http::RequestHead&, const http::ConnectionInfo&,
                                       const Target&, std::string_view);

}  // namespace cardea::proxy
