// What the first message of a TLS client says before any TLS library sees it: which host it wants (SNI) and
// which protocols it speaks (ALPN). Pure: the choice of the host's context depends on nothing else.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::tls {

enum class ServerName : std::uint8_t {
  absent,   // the client sent no server_name extension
  invalid,  // it sent one that is no hostname
  valid,
};

struct ClientHello {
  ServerName server_name_kind = ServerName::absent;
  std::string server_name;                  // canonical (base::parse_hostname); empty unless valid
  std::vector<std::string> alpn_protocols;  // in the client's order; empty if it sent none

  // True if the client speaks this protocol and no other.
  [[nodiscard]] bool offers_only(std::string_view protocol) const;
};

struct ClientHelloError {
  enum class Kind : std::uint8_t {
    not_tls,    // the first bytes are no TLS handshake record
    malformed,  // TLS, but not a well-formed ClientHello
    too_large,  // over kClientHelloBytesMax or kAlpnProtocolsMax
  };
  Kind kind = Kind::malformed;
  std::string_view why;  // static text
};

// Reads the ClientHello at the start of `bytes`, the raw TLS records that came so far. It may be spread over
// several records (RFC 8446 §5.1), and bytes after it are not looked at. nullopt = more bytes are needed; a
// wrong header is refused at its first wrong byte, so that "GET / HTTP/1.1" is known as no TLS at once.
[[nodiscard]] std::expected<std::optional<ClientHello>, ClientHelloError> parse_client_hello(
    std::string_view bytes);

}  // namespace cardea::tls
