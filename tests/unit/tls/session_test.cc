#include "tls/session_fixture.h"

namespace cardea::tls {
namespace {

using Decoded = net::StreamCodec::Decoded;

constexpr std::size_t kPlainBytesMax = 64 * 1024;
constexpr char kAlertRecord = 0x15;  // RFC 8446 §5.1

class SessionPair : public SessionTest {
 protected:
  void connect(Bytes steps = Bytes::all) {
    open_server(make_server_context("a.example", tickets_));
    open_client();
    const base::Status done = shake_hands(steps);
    ASSERT_TRUE(done) << done.error().to_string();
  }
  // Decodes all that `bytes` hold, added to `plain_`.
  base::Result<Decoded> decode(End& end, base::Buffer& bytes) {
    for (;;) {
      auto decoded = end.session->decode(bytes, plain_, kPlainBytesMax);
      const bool grew = !plain_.empty();
      received_ += plain_.view();
      plain_.consume(plain_.size());
      if (!decoded || *decoded == Decoded::ended || !grew) return decoded;
    }
  }

  base::Buffer plain_;
  std::string received_;
};

TEST_F(SessionPair, ShakesHands) {
  connect();
  EXPECT_EQ(server_.session->version(), "TLSv1.3");
  EXPECT_EQ(server_.session->alpn(), "");
}

TEST_F(SessionPair, ShakesHandsInStepsOfOneByte) {
  connect(Bytes::one_by_one);
  EXPECT_EQ(client_.session->version(), "TLSv1.3");
}

TEST_F(SessionPair, ShakesHandsInTls12) {
  SSL_CTX_set_max_proto_version(client_context_.get(), TLS1_2_VERSION);
  connect();
  EXPECT_EQ(server_.session->version(), "TLSv1.2");
}

TEST_F(SessionPair, RefusesTls11WithAnAlert) {
  SSL_CTX_set_security_level(client_context_.get(), 0);
  SSL_CTX_set_min_proto_version(client_context_.get(), TLS1_1_VERSION);
  SSL_CTX_set_max_proto_version(client_context_.get(), TLS1_1_VERSION);
  open_server(make_server_context("a.example", tickets_));
  open_client();
  const base::Status done = shake_hands();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, base::ErrorCode::protocol);
  ASSERT_FALSE(server_.out.empty());
  EXPECT_EQ(server_.out.view().front(), kAlertRecord);
}

TEST_F(SessionPair, ChoosesHttp11AmongTheProtocols) {
  constexpr std::string_view kOffer = "\x02h2\x08http/1.1";
  SSL_CTX_set_alpn_protos(client_context_.get(), reinterpret_cast<const unsigned char*>(kOffer.data()),
                          kOffer.size());
  connect();
  EXPECT_EQ(server_.session->alpn(), "http/1.1");
  EXPECT_EQ(client_.session->alpn(), "http/1.1");
}

TEST_F(SessionPair, ChoosesHttp10OnlyIfNothingElseIsOffered) {
  for (const auto& [offer, chosen] :
       {std::pair<std::string_view, std::string_view>("\x08http/1.0", "http/1.0"),
        std::pair<std::string_view, std::string_view>("\x08http/1.0\x08http/1.1", "http/1.1")}) {
    SSL_CTX_set_alpn_protos(client_context_.get(), reinterpret_cast<const unsigned char*>(offer.data()),
                            static_cast<unsigned>(offer.size()));
    connect();
    EXPECT_EQ(server_.session->alpn(), chosen);
  }
}

TEST_F(SessionPair, RefusesAClientWithoutACommonProtocol) {
  constexpr std::string_view kOffer = "\x06spdy/3";
  SSL_CTX_set_alpn_protos(client_context_.get(), reinterpret_cast<const unsigned char*>(kOffer.data()),
                          kOffer.size());
  open_server(make_server_context("a.example", tickets_));
  open_client();
  const base::Status done = shake_hands();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, base::ErrorCode::protocol);
  EXPECT_EQ(server_.out.view().front(), kAlertRecord);
}

TEST_F(SessionPair, SpeaksNothingButItsProtocolInAChallenge) {
  for (const std::string_view protocol : {"http/1.1", "h2", "acme-tls/2"}) {
    offer(protocol);
    open_server(ServerContext::make_challenge("a.example", "token.thumbprint", base::now()).value());
    open_client();
    const base::Status done = shake_hands();
    ASSERT_FALSE(done) << protocol;
    EXPECT_EQ(server_.out.view().front(), kAlertRecord);
  }
}

TEST_F(SessionPair, CarriesDataBothWays) {
  connect();
  ASSERT_TRUE(client_.session->encode("question", client_.out));
  EXPECT_EQ(client_.out.view().find("question"), std::string_view::npos);
  EXPECT_EQ(decode(server_, client_.out), Decoded::more);
  EXPECT_EQ(std::exchange(received_, {}), "question");
  ASSERT_TRUE(server_.session->encode("answer", server_.out));
  carry(server_.out, client_.in, Bytes::all);  // behind the tickets
  EXPECT_EQ(decode(client_, client_.in), Decoded::more);
  EXPECT_EQ(received_, "answer");
}

TEST_F(SessionPair, CarriesManyRecordsAndKeepsToTheLimit) {
  connect();
  std::string sent(300'000, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7 + i / 251);
  ASSERT_TRUE(client_.session->encode(sent, client_.out));
  EXPECT_EQ(server_.session->decode(client_.out, plain_, kPlainBytesMax), Decoded::more);
  EXPECT_GE(plain_.size(), kPlainBytesMax);
  EXPECT_LT(plain_.size(), 2 * kPlainBytesMax);
  EXPECT_FALSE(client_.out.empty() && !server_.session->has_pending()) << "the rest waits";
  EXPECT_EQ(decode(server_, client_.out), Decoded::more);
  EXPECT_TRUE(received_ == sent);
}

TEST_F(SessionPair, TakesARecordByteByByte) {
  connect();
  ASSERT_TRUE(client_.session->encode("slow", client_.out));
  while (!client_.out.empty()) {
    EXPECT_EQ(received_, "");
    carry(client_.out, server_.in, Bytes::one_by_one);
    EXPECT_EQ(decode(server_, server_.in), Decoded::more);
  }
  EXPECT_EQ(received_, "slow");
}

TEST_F(SessionPair, EndsWithCloseNotify) {
  connect();
  ASSERT_TRUE(client_.session->encode("last", client_.out));
  client_.session->encode_end(client_.out);
  EXPECT_EQ(decode(server_, client_.out), Decoded::ended);
  EXPECT_EQ(received_, "last");
  server_.session->encode_end(server_.out);
  carry(server_.out, client_.in, Bytes::all);
  EXPECT_EQ(decode(client_, client_.in), Decoded::ended);
}

TEST_F(SessionPair, EncodesNothingForNothing) {
  connect();
  server_.out.consume(server_.out.size());
  EXPECT_TRUE(server_.session->encode("", server_.out));
  EXPECT_TRUE(server_.out.empty());
}

TEST_F(SessionPair, AnswersGarbageInTheHandshakeWithAnAlert) {
  open_server(make_server_context("a.example", tickets_));
  server_.in.append(std::string_view("\x16\x03\x01\x00\x05hello", 10));
  const auto step = server_.session->handshake(server_.in, server_.out);
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code, base::ErrorCode::protocol);
  ASSERT_FALSE(server_.out.empty());
  EXPECT_EQ(server_.out.view().front(), kAlertRecord);
}

TEST_F(SessionPair, RefusesARecordThatWasChangedOnTheWay) {
  connect();
  ASSERT_TRUE(client_.session->encode("message", client_.out));
  std::string changed(client_.out.view());
  changed.back() = static_cast<char>(changed.back() ^ 1);
  server_.in.append(changed);
  const auto decoded = decode(server_, server_.in);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, base::ErrorCode::protocol);
  EXPECT_EQ(received_, "");
  const auto again = decode(server_, server_.in);
  EXPECT_FALSE(again) << "a dead session stays dead";
}

TEST_F(SessionPair, RefusesToEncodeAfterTheEnd) {
  connect();
  server_.session->encode_end(server_.out);
  EXPECT_FALSE(server_.session->encode("too late", server_.out));
}

TEST_F(SessionPair, AnswersAKeyUpdateWithTheNextOutput) {
  connect();
  ASSERT_EQ(SSL_key_update(client_.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_TRUE(client_.session->encode("with new keys", client_.out));
  EXPECT_EQ(decode(server_, client_.out), Decoded::more);
  EXPECT_EQ(std::exchange(received_, {}), "with new keys");
  ASSERT_TRUE(server_.session->encode("with new keys too", server_.out));
  carry(server_.out, client_.in, Bytes::all);
  EXPECT_EQ(decode(client_, client_.in), Decoded::more);
  EXPECT_EQ(received_, "with new keys too");
}

TEST_F(SessionPair, EndsAFloodOfKeyUpdates) {
  connect();
  base::Result<Decoded> decoded = Decoded::more;
  int updates = 0;
  for (; decoded && updates < 1000; ++updates) {
    ASSERT_EQ(SSL_key_update(client_.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_TRUE(client_.session->encode("x", client_.out));
    decoded = decode(server_, client_.out);
  }
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, base::ErrorCode::protocol);
}

}  // namespace
}  // namespace cardea::tls
