// One SSL_CTX with one host's certificate: dedicated to that host, never shared with or switched for another.
#pragma once

#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/key.h"
#include "tls/credentials.h"
#include "tls/ssl_ptr.h"
#include "tls/ticket_keys.h"

namespace cardea::tls {

// What a CA speaks that validates tls-alpn-01 (RFC 8737 §4): a handshake, and nothing after it.
inline constexpr std::string_view kAcmeTlsProtocol = "acme-tls/1";

// Immutable; any thread. Connections keep theirs alive by a shared_ptr, so a host can be replaced at any
// time.
class ServerContext {
 public:
  // `name` separates sessions: a ticket of one host is not accepted for another. 0.25 ms of work for a P-256
  // key. Error (invalid): credentials that OpenSSL does not take.
  static base::Result<std::shared_ptr<const ServerContext>> make(std::string_view name,
                                                                 const Credentials& credentials,
                                                                 TicketKeys& tickets);
  // Answers a tls-alpn-01 challenge for `domain`: with a certificate that is made here, over kAcmeTlsProtocol
  // and no other, without session tickets. 0.5 ms of work. Error: as crypto::make_challenge_certificate().
  static base::Result<std::shared_ptr<const ServerContext>> make_challenge(std::string_view domain,
                                                                           std::string_view key_authorization,
                                                                           base::Time now);
  [[nodiscard]] SSL_CTX* handle() const { return context_.get(); }
  // A signature takes ten times as long as the 20 µs of P-256, or more (RSA-2048: 270 µs, P-384: 560 µs).
  [[nodiscard]] bool signs_slowly() const { return signs_slowly_; }

 private:
  ServerContext(SslCtxPtr context, crypto::KeyType key);
  SslCtxPtr context_;
  bool signs_slowly_;
};

}  // namespace cardea::tls
