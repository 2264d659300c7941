// From a fresh TCP connection to an encrypted stream: read the ClientHello, choose the host, shake hands.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/stream.h"
#include "net/task.h"
#include "tls/context.h"
#include "tls/handshake_thread.h"

namespace cardea::tls {

// Who has the certificates. Worker thread only.
class ContextSource {
 public:
  ContextSource() = default;
  ContextSource(const ContextSource&) = delete;
  ContextSource& operator=(const ContextSource&) = delete;
  virtual ~ContextSource() = default;

  // The context for a canonical server name ("" when the client sent none): the host's own, or the
  // self-signed fallback. A Task, because a host's record may have to be fetched. Error: there is none to
  // use.
  virtual net::Task<base::Result<std::shared_ptr<const ServerContext>>> context_for(
      std::string_view server_name) = 0;

  // The context that answers the tls-alpn-01 challenge which is pending for a canonical name, never ""; any
  // client can ask for any name. Error (not_found): none is pending for that name. Another error: that cannot
  // be known now.
  virtual net::Task<base::Result<std::shared_ptr<const ServerContext>>> challenge_context_for(
      std::string_view server_name) = 0;
};

struct AcceptedTls {
  std::string server_name;  // canonical; empty if none was sent
  std::string alpn;
  std::string_view version;  // "TLSv1.3", a literal

  // True if a CA came to validate tls-alpn-01: it has seen what it wants, and the connection is to be closed
  // without a word (RFC 8737 §4).
  [[nodiscard]] bool is_challenge() const { return alpn == kAcmeTlsProtocol; }
};

// Shakes hands on `stream` and puts the session between it and its user. A client that offers
// kAcmeTlsProtocol and nothing else gets a challenge's context or is refused; every other one gets
// context_for(). The whole may take kHandshakeTimeout. Session tickets stay queued: they leave with the first
// response. Error: protocol (not TLS, no common version …), not_found (no challenge is pending), timeout,
// closed, and what the source says; an alert was sent where TLS has one. The caller closes the stream. What
// signs slowly does so on `slow_signatures`.
net::Task<base::Result<AcceptedTls>> accept(net::Stream& stream, ContextSource& contexts,
                                            HandshakeThread& slow_signatures);

}  // namespace cardea::tls
