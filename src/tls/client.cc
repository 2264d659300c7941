#include "tls/client.h"

#include <vector>

#include <fmt/core.h>
#include <openssl/err.h>

#include "base/hostname.h"
#include "base/limits.h"
#include "crypto/openssl_ptr.h"
#include "crypto/trust_store.h"
#include "net/event_loop.h"
#include "tls/handshake.h"
#include "tls/session.h"
#include "tls/session_cache.h"

namespace cardea::tls {
namespace {

using Failure = crypto::VerificationFailure;

// What OpenSSL's callbacks find of a connection, which keeps it alive.
struct Connection {
  std::shared_ptr<const ClientContext> context;
  Resumption resumption;
  SessionCache::Time begun;
  SessionCache::Time offered_verified = {};  // when that of the offered session was
  Failure failure = {};                      // the first
};

Connection* connection_of(const SSL* ssl) {
  return static_cast<Connection*>(SSL_get_ex_data(ssl, 0));
}

void keep_session(const SSL* ssl, SslSessionPtr session) {
  const Connection& connection = *connection_of(ssl);
  const bool resumed = SSL_session_reused(ssl) == 1;
  connection.resumption.cache->keep(
      connection.resumption.server, connection.context,
      {std::move(session), resumed ? connection.offered_verified : connection.begun}, net::EventLoop::now());
}

// Called for the session of a full handshake, and in TLS 1.3 for each ticket, which come after it.
int on_new_session(SSL* ssl, SSL_SESSION* session) {
  if (!connection_of(ssl)->resumption.cache) return 0;
  keep_session(ssl, SslSessionPtr(session));
  return 1;  // it is ours now
}

void offer_session(SSL* ssl) {
  Connection& connection = *connection_of(ssl);
  if (!connection.resumption.cache) return;
  const auto offered =
      connection.resumption.cache->take(connection.resumption.server, connection.context, connection.begun);
  if (!offered.session) return;
  connection.offered_verified = offered.verified;
  SSL_set_session(ssl, offered.session.get());
}

// A session of TLS 1.2 serves again, and OpenSSL tells only of new ones.
void put_back_session(SSL* ssl) {
  if (!connection_of(ssl)->resumption.cache || SSL_session_reused(ssl) == 0) return;
  if (SSL_version(ssl) < TLS1_3_VERSION) keep_session(ssl, SslSessionPtr(SSL_get1_session(ssl)));
}

// Notes the first failure of a verification.
int on_verify(int accepted, X509_STORE_CTX* verification) {
  if (accepted == 1) return 1;
  const auto* ssl =
      static_cast<const SSL*>(crypto::verification_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Failure& failure = connection_of(ssl)->failure;
  if (failure.kind == Failure::Kind::none) failure = crypto::describe_failure(verification);
  return 0;
}

base::Status load_roots(SSL_CTX* context, const ClientOptions& options) {
  if (!options.ca_pem.empty()) {
    auto store = crypto::make_trust_store(options.ca_pem);
    if (!store) return std::unexpected(store.error());
    SSL_CTX_set_cert_store(context, store->release());
    return {};
  }
  const int loaded = options.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                             : SSL_CTX_load_verify_file(context, options.ca_file.c_str());
  if (loaded == 1) return {};
  return base::fail(base::ErrorCode::invalid, fmt::format("the trusted roots in \"{}\" cannot be read: {}",
                                                          options.ca_file, crypto::take_openssl_errors()));
}

// What a person should read: why the certificate is not accepted, and what to do.
std::string explain(const Failure& failure, const ClientOptions& options, const std::string& server_name) {
  const auto advised = [](std::string sentence, std::string_view advice) {
    return advice.empty() ? sentence : fmt::format("{}; {}", sentence, advice);
  };
  switch (failure.kind) {
    case Failure::Kind::name:
      return advised(fmt::format("{}, not for \"{}\"", failure.sentence, server_name), options.name_advice);
    case Failure::Kind::issuer: return advised(failure.sentence, options.issuer_advice);
    case Failure::Kind::dates:
      return failure.sentence + "; renew it there, or set the clock of this machine right";
    default: return failure.sentence;
  }
}

base::Status name_server(SSL* ssl, const std::string& server_name, Verification verification) {
  // RFC 6066 §3: literal addresses are not allowed in SNI; they are still verified.
  const bool literal = base::is_ip_literal(server_name);
  if (!literal && SSL_set_tlsext_host_name(ssl, server_name.c_str()) != 1) {
    return base::fail(base::ErrorCode::internal, "\"" + server_name + "\" cannot be asked for");
  }
  if (verification == Verification::skipped || SSL_set1_host(ssl, server_name.c_str()) == 1) return {};
  return base::fail(base::ErrorCode::internal, "\"" + server_name + "\" cannot be verified");
}

}  // namespace

base::Result<std::shared_ptr<const ClientContext>> ClientContext::make(ClientOptions options) {
  SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return base::fail(base::ErrorCode::internal, "SSL_CTX_new: " + crypto::take_openssl_errors());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(),
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  // In caches of ours: the context belongs to all threads.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), on_new_session);
  if (options.verification == Verification::required) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, on_verify);
    if (auto loaded = load_roots(context.get(), options); !loaded) return std::unexpected(loaded.error());
  }
  options.ca_pem = {};  // the store has it now
  if (!options.protocol.empty()) {
    std::vector<unsigned char> offered{static_cast<unsigned char>(options.protocol.size())};
    offered.insert(offered.end(), options.protocol.begin(), options.protocol.end());
    // Unlike its siblings this one returns 0 for success.
    if (SSL_CTX_set_alpn_protos(context.get(), offered.data(), static_cast<unsigned>(offered.size())) != 0) {
      return base::fail(base::ErrorCode::internal, "ALPN: " + crypto::take_openssl_errors());
    }
  }
  return std::shared_ptr<const ClientContext>(new ClientContext(std::move(context), std::move(options)));
}

net::Task<base::Status> connect(net::Stream& stream, std::shared_ptr<const ClientContext> context,
                                std::string server_name, Resumption resumption) {
  SslPtr made(SSL_new(context->handle()));
  if (!made) co_return base::fail(base::ErrorCode::internal, "SSL_new: " + crypto::take_openssl_errors());
  SSL* ssl = made.get();
  SSL_set_connect_state(ssl);
  if (auto named = name_server(ssl, server_name, context->options().verification); !named) co_return named;
  const auto connection = std::make_shared<Connection>(context, std::move(resumption), net::EventLoop::now());
  SSL_set_ex_data(ssl, 0, connection.get());
  offer_session(ssl);
  const net::Deadline deadline(base::kHandshakeTimeout);
  std::unique_ptr<Session> session = Session::make(std::move(made), connection);
  auto done = co_await run_handshake(stream, session, deadline);
  if (!done && connection->failure.kind != Failure::Kind::none) {
    done.error().context = "TLS: " + explain(connection->failure, context->options(), server_name);
  }
  if (!done) co_return done;
  // Always so, also for a session, which holds the result of the verification that it rests on. The second
  // line against one that came into the wrong hands.
  if (context->options().verification == Verification::required && SSL_get_verify_result(ssl) != X509_V_OK) {
    co_return base::fail(base::ErrorCode::protocol, "TLS: the server was accepted without a verification");
  }
  put_back_session(ssl);
  auto sent = co_await stream.flush(deadline.left());  // our Finished
  if (!sent) co_return sent;
  co_return stream.set_codec(std::move(session));
}

}  // namespace cardea::tls
