// connect() on a real socket with our own server at the other end: which connections resume a session.
#include "tls/client.h"

#include <array>

#include "net/stream_fixture.h"
#include "tls/handshake.h"
#include "tls/session_cache.h"
#include "tls/session_fixture.h"

namespace cardea::tls {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kName = "a.example";
constexpr std::string_view kAnswer = "answer";

// The parameter is the server's newest version.
class Connect : public net::LoopTest, public testing::WithParamInterface<int> {
 protected:
  Connect() {
    const KeyAndChain made = make_key_and_chain(kName);
    server_context_ =
        ServerContext::make(kName, Credentials::from_pem(made.chain_pem, made.key_pem).value(), tickets_)
            .value();
    SSL_CTX_set_max_proto_version(server_context_->handle(), GetParam());
    ca_pem_ = made.chain_pem;
    trusting_ = trust();
  }

  [[nodiscard]] std::shared_ptr<const ClientContext> trust() const {
    return ClientContext::make({.ca_pem = ca_pem_}).value();
  }

  struct Connection {
    std::optional<net::Stream> client, server;
    bool resumed = false;
  };
  // One connection with an answer, by which a client gets the tickets. Without `cache` none is resumed.
  std::unique_ptr<Connection> connect(const std::shared_ptr<const ClientContext>& context,
                                      std::shared_ptr<SessionCache> cache, std::string server = "server") {
    auto connection = std::make_unique<Connection>();
    open(*connection);
    auto accepting = start(accept(*connection));
    auto connecting = start(net_connect(*connection, context, {std::move(cache), std::move(server)}));
    const auto connected = connecting->wait();
    EXPECT_TRUE(connected) << connected.error().to_string();
    const auto accepted = accepting->wait();
    EXPECT_TRUE(accepted) << accepted.error().to_string();
    if (!connected || !accepted) return connection;
    connection->resumed = *accepted;
    EXPECT_TRUE(run(read(*connection)));
    EXPECT_EQ(connection->client->input().view(), kAnswer);
    return connection;
  }
  bool is_resumed(const std::shared_ptr<const ClientContext>& context) {
    return connect(context, cache_)->resumed;
  }

  TicketKeys tickets_;
  std::shared_ptr<const ServerContext> server_context_;
  std::string ca_pem_;
  std::shared_ptr<const ClientContext> trusting_;
  std::shared_ptr<SessionCache> cache_ = std::make_shared<SessionCache>();

 private:
  void open(Connection& connection) {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    connection.client.emplace(loop_, net::FileDescriptor(ends[0]), base::ErrorSource::upstream);
    connection.server.emplace(loop_, net::FileDescriptor(ends[1]), base::ErrorSource::client);
  }
  static net::Task<base::Status> net_connect(Connection& connection,
                                             std::shared_ptr<const ClientContext> context,
                                             Resumption resumption) {
    co_return co_await tls::connect(*connection.client, std::move(context), std::string(kName),
                                    std::move(resumption));
  }
  net::Task<base::Result<bool>> accept(Connection& connection) {
    SslPtr made(SSL_new(server_context_->handle()));
    SSL* ssl = made.get();
    SSL_set_accept_state(ssl);
    auto session = Session::make(std::move(made), server_context_);
    auto done = co_await run_handshake(*connection.server, session, net::Deadline(20s));
    if (!done) co_return std::unexpected(done.error());
    const bool resumed = SSL_session_reused(ssl) == 1;
    auto set = connection.server->set_codec(std::move(session));
    if (set) set = connection.server->write(kAnswer);
    if (set) set = co_await connection.server->flush(20s);
    if (!set) co_return std::unexpected(set.error());
    co_return resumed;
  }
  static net::Task<base::Result<bool>> read(Connection& connection) {
    while (connection.client->input().size() < kAnswer.size()) {
      auto more = co_await connection.client->read(20s);
      if (!more || !*more) co_return more;
    }
    co_return true;
  }
};

TEST_P(Connect, ResumesTheSessionOfAConnectionBefore) {
  EXPECT_FALSE(is_resumed(trusting_));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(is_resumed(trusting_)) << i;
}

TEST_P(Connect, ResumesWhileTheConnectionBeforeIsOpen) {
  const auto first = connect(trusting_, cache_);
  EXPECT_TRUE(is_resumed(trusting_));
}

TEST_P(Connect, ResumesNothingWithoutACache) {
  EXPECT_FALSE(is_resumed(trusting_));
  EXPECT_FALSE(connect(trusting_, nullptr)->resumed);
}

TEST_P(Connect, ResumesNoSessionOfAnotherServer) {
  EXPECT_FALSE(is_resumed(trusting_));
  EXPECT_FALSE(connect(trusting_, cache_, "another")->resumed);
}

TEST_P(Connect, ResumesNoSessionOfWhoTrustsAnybody) {
  const auto anybody = ClientContext::make({.verification = Verification::skipped}).value();
  EXPECT_FALSE(is_resumed(anybody));
  EXPECT_TRUE(is_resumed(anybody));
  EXPECT_FALSE(is_resumed(trusting_));
}

TEST_P(Connect, ResumesNoSessionOfATrustThatWasMadeAnew) {
  EXPECT_FALSE(is_resumed(trusting_));
  EXPECT_FALSE(is_resumed(trust()));
}

TEST_P(Connect, ShakesHandsInFullWithWhoDoesNotKnowTheSession) {
  EXPECT_FALSE(is_resumed(trusting_));
  TicketKeys others;
  others.install(server_context_->handle());
  EXPECT_FALSE(is_resumed(trusting_));
  EXPECT_TRUE(is_resumed(trusting_));
}

INSTANTIATE_TEST_SUITE_P(Versions, Connect, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_3_VERSION ? "Tls13" : "Tls12";
                         });

}  // namespace
}  // namespace cardea::tls
