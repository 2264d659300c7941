// TLS as a client: for Redis behind rediss://.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "net/stream.h"
#include "net/task.h"
#include "tls/ssl_ptr.h"

namespace cardea::tls {

// Whom we trust when we connect. Immutable; any thread.
class ClientContext {
 public:
  // `ca_bundle`: path of a PEM file with the roots, empty for the system's. Error (invalid): it cannot be
  // read.
  static base::Result<std::shared_ptr<const ClientContext>> make(const std::string& ca_bundle);
  [[nodiscard]] SSL_CTX* handle() const { return context_.get(); }

 private:
  explicit ClientContext(SslCtxPtr context) : context_(std::move(context)) {}
  SslCtxPtr context_;
};

// Shakes hands on a fresh connection and verifies the server's certificate for `server_name` (a name or an IP
// literal). The whole may take kHandshakeTimeout. Error: protocol (with the reason of the verification),
// timeout, closed.
net::Task<base::Status> connect(net::Stream& stream, std::shared_ptr<const ClientContext> context,
                                std::string server_name);

}  // namespace cardea::tls
