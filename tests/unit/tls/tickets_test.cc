#include "tls/session_fixture.h"
#include "tls/ticket_keys.h"

namespace cardea::tls {
namespace {

struct SessionDeleter {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using TicketPtr = std::unique_ptr<SSL_SESSION, SessionDeleter>;

// The parameter is the client's newest version.
class Tickets : public SessionTest, public testing::WithParamInterface<int> {
 protected:
  Tickets() { SSL_CTX_set_max_proto_version(client_context_.get(), GetParam()); }

  TicketPtr get_ticket(const std::shared_ptr<const ServerContext>& context) {
    open_server(context);
    open_client();
    const base::Status done = shake_hands();
    EXPECT_TRUE(done) << done.error().to_string();
    // A TLS 1.3 ticket comes after the handshake and is seen by the first read.
    base::Buffer plain;
    EXPECT_TRUE(client_.session->decode(client_.in, plain, 1024));
    TicketPtr ticket(SSL_get1_session(client_.ssl));
    EXPECT_EQ(SSL_SESSION_is_resumable(ticket.get()), 1);
    // OpenSSL forbids a client to resume a session that was freed without a goodbye.
    client_.session->encode_end(client_.out);
    return ticket;
  }
  static std::shared_ptr<const ServerContext> make_challenge_context(std::string_view domain) {
    return ServerContext::make_challenge(domain, "token.thumbprint", base::now()).value();
  }
  bool is_resumed(const std::shared_ptr<const ServerContext>& context, SSL_SESSION* ticket) {
    open_server(context);
    open_client();
    SSL_set_session(client_.ssl, ticket);
    const base::Status done = shake_hands();
    EXPECT_TRUE(done) << done.error().to_string();
    EXPECT_EQ(SSL_session_reused(server_.ssl), SSL_session_reused(client_.ssl));
    return SSL_session_reused(client_.ssl) == 1;
  }
};

TEST_P(Tickets, ResumeWithANewContextOfTheSameName) {
  const TicketPtr ticket = get_ticket(make_server_context("a.example", tickets_));
  EXPECT_TRUE(is_resumed(make_server_context("a.example", tickets_), ticket.get()));
}

TEST_P(Tickets, OfOneHostAreNotAcceptedForAnother) {
  const TicketPtr ticket = get_ticket(make_server_context("a.example", tickets_));
  EXPECT_FALSE(is_resumed(make_server_context("b.example", tickets_), ticket.get()));
}

TEST_P(Tickets, OfOtherKeysAreNotAccepted) {
  const TicketPtr ticket = get_ticket(make_server_context("a.example", tickets_));
  TicketKeys other;
  EXPECT_FALSE(is_resumed(make_server_context("a.example", other), ticket.get()));
}

TEST_P(Tickets, AreNotGivenToWhoValidatesAChallenge) {
  offer(kAcmeTlsProtocol);
  open_server(make_challenge_context("a.example"));
  open_client();
  const base::Status done = shake_hands();
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(client_.session->alpn(), kAcmeTlsProtocol);
  base::Buffer plain;
  EXPECT_TRUE(client_.session->decode(client_.in, plain, 1024));
  const TicketPtr session(SSL_get1_session(client_.ssl));
  EXPECT_EQ(SSL_SESSION_is_resumable(session.get()), 0);
  EXPECT_EQ(SSL_SESSION_has_ticket(session.get()), 0);
}

TEST_P(Tickets, OfAHostDoNotResumeAChallengeOfItsName) {
  const TicketPtr ticket = get_ticket(make_server_context("a.example", tickets_));
  offer(kAcmeTlsProtocol);
  EXPECT_FALSE(is_resumed(make_challenge_context("a.example"), ticket.get()));
}

INSTANTIATE_TEST_SUITE_P(Versions, Tickets, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_3_VERSION ? "Tls13" : "Tls12";
                         });

}  // namespace
}  // namespace cardea::tls
