// accept() on a real socket with OpenSSL as the client: which certificate a ClientHello gets.
#include "tls/accept.h"

#include <gtest/gtest.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "net/callback.h"
#include "net/stream_fixture.h"
#include "tls/handshake.h"
#include "tls/session_fixture.h"

namespace cardea::tls {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kAcme =
    "\x0a"
    "acme-tls/1";
constexpr std::string_view kHttp11 = "\x08http/1.1";
constexpr std::string_view kH2 = "\x02h2";
constexpr int kNoApplicationProtocol = 120;  // RFC 7301 §3.2
constexpr int kInternalError = 80;           // RFC 8446 §6.2, as the two below
constexpr int kIllegalParameter = 47;
constexpr int kDecodeError = 50;

// Every name has the same ordinary certificate, but for one with an RSA key; one name has a pending challenge
// too.
class Contexts final : public ContextSource {
 public:
  net::Task<base::Result<std::shared_ptr<const ServerContext>>> context_for(
      std::string_view server_name) override {
    ordinary_asked.emplace_back(server_name);
    if (away) co_return base::fail(base::ErrorCode::internal, "no context");
    co_return server_name == "rsa.example" ? rsa_ : ordinary_;
  }
  net::Task<base::Result<std::shared_ptr<const ServerContext>>> challenge_context_for(
      std::string_view server_name) override {
    challenges_asked.emplace_back(server_name);
    if (away) co_return base::fail(base::ErrorCode::unavailable, "away", base::ErrorSource::store);
    if (server_name != "pending.example") co_return base::fail(base::ErrorCode::not_found, "none");
    co_return ServerContext::make_challenge(server_name, "token.thumbprint", base::now());
  }

  std::vector<std::string> ordinary_asked, challenges_asked;
  bool away = false;

 private:
  TicketKeys tickets_;
  std::shared_ptr<const ServerContext> ordinary_ = make_server_context("ordinary.example", tickets_);
  std::shared_ptr<const ServerContext> rsa_ =
      make_server_context("rsa.example", tickets_, crypto::KeyType::rsa2048);
};

// The parameter is the client's newest version.
class Accept : public net::StreamTest, public testing::WithParamInterface<int> {
 protected:
  Accept() : client_context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_max_proto_version(client_context_.get(), GetParam());
    SSL_CTX_set_info_callback(client_context_.get(), [](const SSL* ssl, int where, int value) {
      if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT) {
        static_cast<Accept*>(SSL_get_app_data(ssl))->alert_ = value & 0xff;
      }
    });
  }

  // A new connection; the old one is dropped.
  void reconnect() {
    client_.reset();
    open_pair();
  }

  // One handshake from both ends. `server_name` "" sends none; `protocols` are as ALPN has them, "" sends
  // none.
  base::Result<AcceptedTls> connect(const std::string& server_name, std::string_view protocols) {
    SslPtr ssl(SSL_new(client_context_.get()));
    ssl_ = ssl.get();
    SSL_set_app_data(ssl_, this);
    SSL_set_connect_state(ssl_);
    if (!server_name.empty()) SSL_set_tlsext_host_name(ssl_, server_name.c_str());
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
    session_ = Session::make(std::move(ssl), nullptr);
    client_.emplace(loop_, std::move(peer_), base::ErrorSource::upstream);
    auto accepting = start(accept(*stream_, contexts_, handshake_thread_));
    const base::Status done = run(shake_hands_as_client());
    auto accepted = accepting->wait();
    EXPECT_EQ(done.has_value(), accepted.has_value()) << "both ends see the same";
    return accepted;
  }
  net::Task<base::Status> shake_hands_as_client() {
    const net::Deadline deadline(20s);
    auto done = co_await run_handshake(*client_, session_, deadline);
    if (!done) co_return done;
    if (!first_words_.empty()) {
      done = client_->set_codec(std::move(session_));
      if (done) done = client_->write(first_words_);
      if (!done) co_return done;
    }
    co_return co_await client_->flush(deadline.left());
  }

  std::string client_hello(const char* server_name) {
    SslPtr ssl(SSL_new(client_context_.get()));
    SSL_set_connect_state(ssl.get());
    SSL_set_tlsext_host_name(ssl.get(), server_name);
    base::Buffer in, out;
    EXPECT_TRUE(Session::make(std::move(ssl), nullptr)->handshake(in, out));
    return std::string(out.view());
  }
  // What is posted or ready now is served.
  net::Task<bool> one_turn() {
    auto [done] =
        co_await net::Callback<bool>([&](auto wake) { loop_.post([wake]() mutable { wake(true); }); });
    co_return done;
  }

  // The name in the certificate that the client saw; "" if it saw none.
  [[nodiscard]] std::string certificate_name() const {
    crypto::CertificatePtr certificate(SSL_get1_peer_certificate(ssl_));
    if (!certificate) return "";
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(certificate.get(), &bytes);
    const std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    const std::vector<std::string> names = crypto::Certificate::from_der(der).value().dns_names();
    return names.size() == 1 ? names.front() : "several names";
  }
  [[nodiscard]] bool sees_acme_identifier() const {
    crypto::CertificatePtr certificate(SSL_get1_peer_certificate(ssl_));
    const std::unique_ptr<ASN1_OBJECT, crypto::OpensslDeleter<ASN1_OBJECT_free>> kind(
        OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1));
    return certificate && X509_get_ext_by_OBJ(certificate.get(), kind.get(), -1) >= 0;
  }
  static std::string list(std::initializer_list<std::string_view> protocols) {
    std::string joined;
    for (const std::string_view protocol : protocols) joined += protocol;
    return joined;
  }

  HandshakeThread handshake_thread_{loop_};
  Contexts contexts_;
  std::string first_words_;  // what the client sends together with its Finished
  SslCtxPtr client_context_;
  std::optional<net::Stream> client_;
  std::unique_ptr<Session> session_;
  SSL* ssl_ = nullptr;  // of the session
  std::optional<int> alert_;
};

TEST_P(Accept, AnswersAPendingChallenge) {
  const auto accepted = connect("pending.example", kAcme);
  ASSERT_TRUE(accepted) << accepted.error().to_string();
  EXPECT_TRUE(accepted->is_challenge());
  EXPECT_EQ(accepted->server_name, "pending.example");
  EXPECT_EQ(session_->alpn(), kAcmeTlsProtocol);
  EXPECT_EQ(SSL_version(ssl_), GetParam());
  EXPECT_EQ(certificate_name(), "pending.example");
  EXPECT_TRUE(sees_acme_identifier());
  EXPECT_TRUE(contexts_.ordinary_asked.empty());
}

TEST_P(Accept, ComparesTheNameOfAChallengeWithoutCase) {
  const auto accepted = connect("PENDING.Example", kAcme);
  ASSERT_TRUE(accepted) << accepted.error().to_string();
  EXPECT_EQ(contexts_.challenges_asked, std::vector<std::string>{"pending.example"});
  EXPECT_EQ(certificate_name(), "pending.example");
  EXPECT_TRUE(sees_acme_identifier());
}

TEST_P(Accept, RefusesANameWithoutAChallenge) {
  const auto accepted = connect("other.example", kAcme);
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, base::ErrorCode::not_found);
  EXPECT_EQ(contexts_.challenges_asked, std::vector<std::string>{"other.example"});
  EXPECT_TRUE(contexts_.ordinary_asked.empty()) << "the host's own certificate is no answer";
  EXPECT_EQ(certificate_name(), "");
  EXPECT_EQ(alert_, kNoApplicationProtocol);
}

TEST_P(Accept, RefusesAChallengeWithoutAUsableName) {
  for (const char* name : {"", "bad..name", "*.pending.example"}) {
    SCOPED_TRACE(name);
    reconnect();
    const auto accepted = connect(name, kAcme);
    ASSERT_FALSE(accepted);
    EXPECT_EQ(accepted.error().code, base::ErrorCode::protocol);
    EXPECT_TRUE(contexts_.challenges_asked.empty()) << "nothing to ask for";
    EXPECT_TRUE(contexts_.ordinary_asked.empty());
    EXPECT_EQ(std::exchange(alert_, std::nullopt), kNoApplicationProtocol);
  }
}

TEST_P(Accept, RefusesAChallengeThatCannotBeLookedUp) {
  contexts_.away = true;
  const auto accepted = connect("pending.example", kAcme);
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, base::ErrorCode::unavailable);
  EXPECT_TRUE(contexts_.ordinary_asked.empty());
  EXPECT_EQ(certificate_name(), "");
  EXPECT_EQ(alert_, kInternalError);
}

TEST_P(Accept, SaysSoWhenThereIsNoContext) {
  contexts_.away = true;
  ASSERT_FALSE(connect("ordinary.example", kHttp11));
  EXPECT_EQ(alert_, kInternalError);
}

TEST_P(Accept, SaysSoWhenTooManyProtocolsAreOffered) {
  std::string protocols;
  for (std::size_t i = 0; i <= base::kAlpnProtocolsMax; ++i) protocols += "\x01p";
  ASSERT_FALSE(connect("ordinary.example", protocols));
  EXPECT_EQ(alert_, kIllegalParameter);
}

TEST_P(Accept, SaysSoWhenAHelloIsMalformed) {
  std::string hello = client_hello("ordinary.example");
  hello[43] = '\xff';  // the length of the session id
  peer_sends(hello);
  ASSERT_FALSE(start(accept(*stream_, contexts_, handshake_thread_))->wait());
  EXPECT_EQ(peer_takes(), std::string({0x15, 3, 3, 0, 2, 2, kDecodeError}));
}

TEST_P(Accept, SendsNoAlertToWhoSpeaksNoTls) {
  peer_sends("GET / HTTP/1.1\r\n\r\n");
  ASSERT_FALSE(start(accept(*stream_, contexts_, handshake_thread_))->wait());
  EXPECT_EQ(peer_takes(), "");
}

// However often the client sends something.
TEST_P(Accept, EndsAHandshakeWhoseDeadlineHasPassed) {
  TicketKeys tickets;
  const auto context = make_server_context("ordinary.example", tickets);
  SslPtr ssl(SSL_new(context->handle()));
  SSL_set_accept_state(ssl.get());
  session_ = Session::make(std::move(ssl), context);
  const net::Deadline passed(0ms);
  auto handshake = start(run_handshake(*stream_, session_, passed));
  peer_sends(client_hello("ordinary.example"));
  const auto done = handshake->wait();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, base::ErrorCode::timeout);
  EXPECT_EQ(peer_takes(), "") << "no ServerHello";
}

TEST_P(Accept, TakesWhoSpeaksHttpTooForAnOrdinaryClient) {
  for (const std::string& protocols : {list({kAcme, kHttp11}), list({kHttp11, kAcme}),
                                       list({kH2, kHttp11, kAcme}), list({kAcme, kH2, kHttp11})}) {
    reconnect();
    const auto accepted = connect("pending.example", protocols);
    ASSERT_TRUE(accepted) << accepted.error().to_string();
    EXPECT_FALSE(accepted->is_challenge());
    EXPECT_EQ(accepted->alpn, "http/1.1");
    EXPECT_EQ(certificate_name(), "ordinary.example");
    EXPECT_FALSE(sees_acme_identifier());
    EXPECT_TRUE(contexts_.challenges_asked.empty()) << "an ordinary client never costs a question";
  }
}

TEST_P(Accept, SignsWithAnRsaKeyOnAnotherThread) {
  const auto accepted = connect("rsa.example", kHttp11);
  ASSERT_TRUE(accepted) << accepted.error().to_string();
  EXPECT_EQ(accepted->alpn, "http/1.1");
  EXPECT_EQ(SSL_version(ssl_), GetParam());
  EXPECT_EQ(certificate_name(), "rsa.example");
}

TEST_P(Accept, KeepsWhatCameBehindTheHandshakeOnAnotherThread) {
  first_words_ = "GET / HTTP/1.1\r\n";
  ASSERT_TRUE(connect("rsa.example", kHttp11));
  EXPECT_EQ(read_bytes(first_words_.size()), first_words_);
}

// On its way to the other thread, or there, or back: whenever the client's connection ends.
TEST_P(Accept, EndsAtAnyMomentOfAHandshakeOnAnotherThread) {
  for (int turns = 0; turns < 20; ++turns) {
    reconnect();
    ASSERT_GT(peer_sends(client_hello("rsa.example")), 0U);
    auto accepting = start(accept(*stream_, contexts_, handshake_thread_));
    for (int turn = 0; turn < turns; ++turn) EXPECT_TRUE(run(one_turn()));
    accepting.reset();
  }
  reconnect();
  const auto accepted = connect("rsa.example", kHttp11);
  EXPECT_TRUE(accepted) << accepted.error().to_string();
}

TEST_P(Accept, SignsForNobodyWhoHasLeft) {
  ASSERT_GT(peer_sends(client_hello("rsa.example")), 0U);
  ASSERT_EQ(::shutdown(peer_.get(), SHUT_WR), 0);
  while (!stream_->ended()) turn();
  auto accepting = start(accept(*stream_, contexts_, handshake_thread_));
  const auto accepted = accepting->wait();
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, base::ErrorCode::closed);
  EXPECT_EQ(peer_takes(), "") << "no ServerHello";
}

// The same, at any moment; what comes of it depends on who is quicker.
TEST_P(Accept, SurvivesAClientThatLeavesDuringAHandshakeOnAnotherThread) {
  for (int turns = 0; turns < 20; ++turns) {
    reconnect();
    ASSERT_GT(peer_sends(client_hello("rsa.example")), 0U);
    auto accepting = start(accept(*stream_, contexts_, handshake_thread_));
    for (int turn = 0; turn < turns; ++turn) EXPECT_TRUE(run(one_turn()));
    peer_.close();
    const auto accepted = accepting->wait();
    ASSERT_FALSE(accepted);
    EXPECT_EQ(accepted.error().code, base::ErrorCode::closed);
  }
}

TEST_P(Accept, NeverSpeaksTheChallengesProtocolWithAnOrdinaryCertificate) {
  for (const std::string& protocols : {list({kAcme, kH2}), list({kH2, kAcme}), list({kAcme, kAcme})}) {
    reconnect();
    const auto accepted = connect("pending.example", protocols);
    ASSERT_FALSE(accepted);
    EXPECT_EQ(certificate_name(), "");
    EXPECT_EQ(std::exchange(alert_, std::nullopt), kNoApplicationProtocol);
    EXPECT_TRUE(contexts_.challenges_asked.empty());
  }
}

TEST_P(Accept, TakesWhoOffersNoProtocolForAnOrdinaryClient) {
  const auto accepted = connect("pending.example", "");
  ASSERT_TRUE(accepted) << accepted.error().to_string();
  EXPECT_FALSE(accepted->is_challenge());
  EXPECT_EQ(accepted->alpn, "");
  EXPECT_EQ(certificate_name(), "ordinary.example");
}

INSTANTIATE_TEST_SUITE_P(Versions, Accept, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_3_VERSION ? "Tls13" : "Tls12";
                         });

}  // namespace
}  // namespace cardea::tls
