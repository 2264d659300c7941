#include "tls/accept.h"

#include <array>
#include <cstdint>
#include <utility>

#include "base/limits.h"
#include "tls/client_hello.h"
#include "tls/handshake.h"
#include "tls/session.h"

namespace cardea::tls {
namespace {

// RFC 8446 §6.2, RFC 7301 §3.2.
enum class Alert : std::uint8_t {
  illegal_parameter = 47,
  decode_error = 50,
  internal_error = 80,
  no_application_protocol = 120,
};

// Ends a handshake that no context has answered: a fatal alert in a record of its own (RFC 8446 §5.1, §6).
net::Task<void> refuse(net::Stream& stream, Alert alert, const net::Deadline& deadline) {
  const std::array<char, 7> record = {0x15, 3, 3, 0, 2, 2, static_cast<char>(alert)};
  stream.output().append({record.data(), record.size()});
  static_cast<void>(co_await stream.flush(deadline.left()));
}

net::Task<base::Result<ClientHello>> read_client_hello(net::Stream& stream, const net::Deadline& deadline) {
  for (;;) {
    auto hello = parse_client_hello(stream.input().view());
    if (!hello) {
      using Kind = ClientHelloError::Kind;
      const Kind kind = hello.error().kind;
      // Who speaks no TLS would not understand an alert either.
      if (kind == Kind::malformed) co_await refuse(stream, Alert::decode_error, deadline);
      if (kind == Kind::too_large) co_await refuse(stream, Alert::illegal_parameter, deadline);
      co_return base::fail(base::ErrorCode::protocol,
                           "not a TLS ClientHello: " + std::string(hello.error().why),
                           base::ErrorSource::client);
    }
    if (*hello) co_return std::move(**hello);
    auto more = co_await stream.read(deadline.left());
    if (!more) co_return std::unexpected(more.error());
    if (!*more) co_return closed_early();
    if (deadline.passed()) co_return net::Deadline::missed(base::ErrorSource::client);
  }
}

using Context = std::shared_ptr<const ServerContext>;

// The name may well be a host's, but its certificate must not answer: a CA would take that for the reply to
// its challenge.
net::Task<base::Result<Context>> challenge_context(net::Stream& stream, const ClientHello& hello,
                                                   ContextSource& contexts, const net::Deadline& deadline) {
  if (hello.server_name_kind != ServerName::valid) {
    co_await refuse(stream, Alert::no_application_protocol, deadline);
    co_return base::fail(base::ErrorCode::protocol, "tls-alpn-01 without a server name",
                         base::ErrorSource::client);
  }
  auto context = co_await contexts.challenge_context_for(hello.server_name);
  if (!context) {
    const bool not_pending = context.error().code == base::ErrorCode::not_found;
    co_await refuse(stream, not_pending ? Alert::no_application_protocol : Alert::internal_error, deadline);
  }
  co_return std::move(context);
}

net::Task<base::Result<Context>> choose_context(net::Stream& stream, const ClientHello& hello,
                                                ContextSource& contexts, const net::Deadline& deadline) {
  // RFC 8737 §3: a validating CA offers this protocol alone. Who offers others too is an ordinary client.
  if (hello.offers_only(kAcmeTlsProtocol)) {
    co_return co_await challenge_context(stream, hello, contexts, deadline);
  }
  auto context = co_await contexts.context_for(hello.server_name);
  if (!context) co_await refuse(stream, Alert::internal_error, deadline);
  co_return std::move(context);
}

}  // namespace

net::Task<base::Result<AcceptedTls>> accept(net::Stream& stream, ContextSource& contexts,
                                            HandshakeThread& slow_signatures) {
  const net::Deadline deadline(base::kHandshakeTimeout);
  auto hello = co_await read_client_hello(stream, deadline);
  if (!hello) co_return std::unexpected(hello.error());
  auto context = co_await choose_context(stream, *hello, contexts, deadline);
  if (!context) co_return std::unexpected(context.error());
  SslPtr ssl(SSL_new((*context)->handle()));
  if (!ssl) {
    co_await refuse(stream, Alert::internal_error, deadline);
    co_return base::fail(base::ErrorCode::internal, "out of memory for a TLS session");
  }
  SSL_set_accept_state(ssl.get());
  HandshakeThread* thread = (*context)->signs_slowly() ? &slow_signatures : nullptr;
  std::unique_ptr<Session> session = Session::make(std::move(ssl), std::move(*context));
  auto done = co_await run_handshake(stream, session, deadline, thread);
  if (!done) co_return std::unexpected(done.error());
  if (session->version() != "TLSv1.3") {
    // Our Finished is the last flight of a full TLS 1.2 handshake, and the client waits for it.
    auto sent = co_await stream.flush(deadline.left());
    if (!sent) co_return std::unexpected(sent.error());
  }
  AcceptedTls accepted{std::move(hello->server_name), std::string(session->alpn()), session->version()};
  auto installed = stream.set_codec(std::move(session));
  if (!installed) co_return std::unexpected(installed.error());
  co_return accepted;
}

}  // namespace cardea::tls
