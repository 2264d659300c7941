// TLS as a client: for upstreams, and for Redis behind rediss://.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/stream.h"
#include "net/task.h"
#include "tls/ssl_ptr.h"

namespace cardea::tls {

class SessionCache;

enum class Verification : std::uint8_t {
  required,
  skipped,  // whoever answers is taken for the server
};

struct ClientOptions {
  // Whom we trust: the certificates of a PEM text, else those of a PEM file, else the system's roots.
  std::string ca_pem = {};
  std::string ca_file = {};
  Verification verification = Verification::required;
  std::string_view protocol = {};  // the one that ALPN offers; empty: no ALPN
  // What a person can do about a certificate from somebody who is not trusted, and about one for other names.
  // Ends of sentences, that live as long as the program.
  std::string_view issuer_advice = {};
  std::string_view name_advice = {};
};

// Immutable; any thread. Making one may read all roots of the system, some ten milliseconds.
class ClientContext {
 public:
  // Error (invalid, too_large): the certificates cannot be read.
  static base::Result<std::shared_ptr<const ClientContext>> make(ClientOptions options);
  [[nodiscard]] SSL_CTX* handle() const { return context_.get(); }
  [[nodiscard]] const ClientOptions& options() const { return options_; }

 private:
  ClientContext(SslCtxPtr context, ClientOptions options)
      : context_(std::move(context)), options_(std::move(options)) {}
  SslCtxPtr context_;
  ClientOptions options_;
};

// Where sessions are kept for the next connection to the same server, whom `server` names as
// SessionCache::keep() says. Without a cache every handshake is a full one.
struct Resumption {
  std::shared_ptr<SessionCache> cache;
  std::string server;
};

// Shakes hands on a fresh connection and verifies the server's certificate for `server_name` (a name or an IP
// literal), which a name is also told to the server by SNI; or resumes a session whose certificate was
// verified so. The whole may take kHandshakeTimeout. Error: protocol (a sentence that says why the
// certificate is not accepted and what to do), timeout, closed. The connection brings its sessions to the
// cache, on this thread.
net::Task<base::Status> connect(net::Stream& stream, std::shared_ptr<const ClientContext> context,
                                std::string server_name, Resumption resumption = {});

}  // namespace cardea::tls
