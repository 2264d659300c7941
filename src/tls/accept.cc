#include "tls/accept.h"

#include <utility>

#include "base/limits.h"
#include "tls/client_hello.h"
#include "tls/handshake.h"
#include "tls/session.h"

namespace cardea::tls {
namespace {

net::Task<base::Result<ClientHello>> read_client_hello(net::Stream& stream, const net::Deadline& deadline) {
  for (;;) {
    auto hello = parse_client_hello(stream.input().view());
    if (!hello) {
      co_return base::fail(base::ErrorCode::protocol,
                           "not a TLS ClientHello: " + std::string(hello.error().why),
                           base::ErrorSource::client);
    }
    if (*hello) co_return std::move(**hello);
    auto more = co_await stream.read(deadline.left());
    if (!more) co_return std::unexpected(more.error());
    if (!*more) co_return closed_early();
  }
}

}  // namespace

net::Task<base::Result<AcceptedTls>> accept(net::Stream& stream, ContextSource& contexts) {
  const net::Deadline deadline(base::kHandshakeTimeout);
  auto hello = co_await read_client_hello(stream, deadline);
  if (!hello) co_return std::unexpected(hello.error());
  auto context = co_await contexts.context_for(hello->server_name);
  if (!context) co_return std::unexpected(context.error());
  SslPtr ssl(SSL_new((*context)->handle()));
  if (!ssl) co_return base::fail(base::ErrorCode::internal, "out of memory for a TLS session");
  SSL_set_accept_state(ssl.get());
  std::unique_ptr<Session> session = Session::make(std::move(ssl), std::move(*context));
  auto done = co_await run_handshake(stream, *session, deadline);
  if (!done) co_return std::unexpected(done.error());
  if (session->version() != "TLSv1.3") {
    // Our Finished is the last flight of a full TLS 1.2 handshake, and the client waits for it.
    auto sent = co_await stream.flush(deadline.left());
    if (!sent) co_return std::unexpected(sent.error());
  }
  AcceptedTls accepted{std::move(hello->server_name), std::string(session->alpn())};
  auto installed = stream.set_codec(std::move(session));
  if (!installed) co_return std::unexpected(installed.error());
  co_return accepted;
}

}  // namespace cardea::tls
