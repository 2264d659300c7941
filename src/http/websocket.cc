#include "http/websocket.h"

#include "base/encoding.h"
#include "crypto/digest.h"

namespace cardea::http {

std::string websocket_accept(std::string_view key) {
  constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return base::to_base64(crypto::sha1(std::string(key).append(kGuid)));
}

}  // namespace cardea::http
