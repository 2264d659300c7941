// Two ends of TLS in memory: a server Session of the project and a client Session, joined by buffers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "crypto/self_signed.h"
#include "tls/context.h"
#include "tls/session.h"

namespace cardea::tls {

struct KeyAndChain {
  std::string key_pem;
  std::string chain_pem;
};

inline KeyAndChain make_key_and_chain(std::string_view name,
                                      crypto::KeyType type = crypto::KeyType::ec_p256) {
  const auto key = crypto::PrivateKey::generate(type).value();
  const auto certificate =
      crypto::make_self_signed(key, name, base::now() - std::chrono::hours(1), std::chrono::hours(24))
          .value();
  return {key.to_pem(), certificate.to_pem()};
}

inline std::shared_ptr<const ServerContext> make_server_context(
    std::string_view name, TicketKeys& tickets, crypto::KeyType type = crypto::KeyType::ec_p256) {
  const KeyAndChain made = make_key_and_chain(name, type);
  return ServerContext::make(name, Credentials::from_pem(made.chain_pem, made.key_pem).value(), tickets)
      .value();
}

struct End {
  base::Buffer in, out;
  SSL* ssl = nullptr;  // of the session
  std::unique_ptr<Session> session;
};

enum class Bytes : std::uint8_t { all, one_by_one };

class SessionTest : public testing::Test {
 protected:
  SessionTest() : client_context_(SSL_CTX_new(TLS_client_method())) {}

  void open_server(const std::shared_ptr<const ServerContext>& context) {
    SslPtr ssl(SSL_new(context->handle()));
    SSL_set_accept_state(ssl.get());
    open(server_, std::move(ssl), context);
  }
  void open_client() {
    SslPtr ssl(SSL_new(client_context_.get()));
    SSL_set_connect_state(ssl.get());
    open(client_, std::move(ssl), nullptr);
  }

  // The client's ALPN: this protocol alone.
  void offer(std::string_view protocol) {
    const std::string wire = std::string(1, static_cast<char>(protocol.size())).append(protocol);
    SSL_CTX_set_alpn_protos(client_context_.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()));
  }

  // Both ends take turns until both are done; the first error ends it.
  base::Status shake_hands(Bytes steps = Bytes::all) {
    bool client_done = false;
    bool server_done = false;
    for (int turn = 0; turn < 20'000 && !(client_done && server_done); ++turn) {
      auto client = step(client_, client_done);
      if (!client) return client;
      carry(client_.out, server_.in, steps);
      auto server = step(server_, server_done);
      if (!server) return server;
      carry(server_.out, client_.in, steps);
    }
    // What is still on its way, the tickets above all.
    carry(client_.out, server_.in, Bytes::all);
    carry(server_.out, client_.in, Bytes::all);
    if (client_done && server_done) return {};
    return base::fail(base::ErrorCode::timeout, "the handshake does not end");
  }

  static void carry(base::Buffer& from, base::Buffer& to, Bytes steps) {
    const std::size_t bytes = steps == Bytes::all ? from.size() : std::min<std::size_t>(from.size(), 1);
    to.append(from.view().substr(0, bytes));
    from.consume(bytes);
  }

  SslCtxPtr client_context_;
  TicketKeys tickets_;
  End client_, server_;

 private:
  static void open(End& end, SslPtr ssl, std::shared_ptr<const void> context) {
    for (base::Buffer* buffer : {&end.in, &end.out}) buffer->consume(buffer->size());
    end.ssl = ssl.get();
    end.session = Session::make(std::move(ssl), std::move(context));
  }
  static base::Status step(End& end, bool& done) {
    if (done) return {};
    auto stepped = end.session->handshake(end.in, end.out);
    if (!stepped) return std::unexpected(stepped.error());
    done = *stepped == Session::Step::done;
    return {};
  }
};

}  // namespace cardea::tls
