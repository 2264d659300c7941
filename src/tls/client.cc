#include "tls/client.h"

#include <openssl/err.h>

#include "base/hostname.h"
#include "base/limits.h"
#include "crypto/openssl_ptr.h"
#include "tls/handshake.h"
#include "tls/session.h"

namespace cardea::tls {

base::Result<std::shared_ptr<const ClientContext>> ClientContext::make(const std::string& ca_bundle) {
  SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return base::fail(base::ErrorCode::internal, "SSL_CTX_new: " + crypto::take_openssl_errors());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  const int loaded = ca_bundle.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                                       : SSL_CTX_load_verify_file(context.get(), ca_bundle.c_str());
  if (loaded != 1) {
    return base::fail(base::ErrorCode::invalid, "the trusted roots in \"" + ca_bundle +
                                                    "\" cannot be read: " + crypto::take_openssl_errors());
  }
  return std::shared_ptr<const ClientContext>(new ClientContext(std::move(context)));
}

net::Task<base::Status> connect(net::Stream& stream, std::shared_ptr<const ClientContext> context,
                                std::string server_name) {
  SslPtr ssl(SSL_new(context->handle()));
  if (!ssl) co_return base::fail(base::ErrorCode::internal, "SSL_new: " + crypto::take_openssl_errors());
  SSL_set_connect_state(ssl.get());
  // RFC 6066 §3: literal addresses are not allowed in SNI; they are still verified.
  const bool literal = base::is_ip_literal(server_name);
  const int named = literal ? 1 : static_cast<int>(SSL_set_tlsext_host_name(ssl.get(), server_name.c_str()));
  if (named != 1 || SSL_set1_host(ssl.get(), server_name.c_str()) != 1) {
    co_return base::fail(base::ErrorCode::internal, "\"" + server_name + "\" cannot be verified");
  }
  const net::Deadline deadline(base::kHandshakeTimeout);
  std::unique_ptr<Session> session = Session::make(std::move(ssl), std::move(context));
  auto done = co_await run_handshake(stream, *session, deadline);
  if (!done) co_return done;
  auto sent = co_await stream.flush(deadline.left());  // our Finished
  if (!sent) co_return sent;
  co_return stream.set_codec(std::move(session));
}

}  // namespace cardea::tls
