// What a proxy has to know of a WebSocket's handshake (RFC 6455 §4). Pure.
#pragma once

#include <string>
#include <string_view>

namespace cardea::http {

// The Sec-WebSocket-Accept that answers that Sec-WebSocket-Key (§4.2.2): it shows that the server has read
// the request as a WebSocket's.
[[nodiscard]] std::string websocket_accept(std::string_view key);

}  // namespace cardea::http
