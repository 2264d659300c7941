#include "tls/credentials.h"

#include <gtest/gtest.h>

#include "crypto/certificate.h"
#include "tls/session_fixture.h"

namespace cardea::tls {
namespace {

void expect_refused(std::string_view chain, std::string_view key, std::string_view why) {
  const auto credentials = Credentials::from_pem(chain, key);
  ASSERT_FALSE(credentials) << why;
  EXPECT_EQ(credentials.error().code, base::ErrorCode::invalid) << why;
}

TEST(Credentials, KeepTheChainInItsOrderAndTheKey) {
  const KeyAndChain leaf = make_key_and_chain("a.example");
  const KeyAndChain issuer = make_key_and_chain("issuer.example");
  const auto credentials = Credentials::from_pem(leaf.chain_pem + "\n" + issuer.chain_pem, leaf.key_pem);
  ASSERT_TRUE(credentials) << credentials.error().to_string();
  ASSERT_EQ(credentials->chain_der.size(), 2U);
  EXPECT_EQ(credentials->chain_der[0], crypto::certificate_der(leaf.chain_pem).value());
  EXPECT_EQ(credentials->chain_der[1], crypto::certificate_der(issuer.chain_pem).value());
  EXPECT_EQ(crypto::PrivateKey::from_der(credentials->key_der).value().to_pem(), leaf.key_pem);
}

TEST(Credentials, RefuseAKeyThatDoesNotFitTheLeaf) {
  const KeyAndChain leaf = make_key_and_chain("a.example");
  const KeyAndChain issuer = make_key_and_chain("issuer.example");
  expect_refused(leaf.chain_pem, issuer.key_pem, "another key");
  expect_refused(issuer.chain_pem + leaf.chain_pem, leaf.key_pem, "the key of the second certificate");
}

TEST(Credentials, RefuseAnythingButCertificatesInTheChain) {
  const KeyAndChain leaf = make_key_and_chain("a.example");
  expect_refused(leaf.chain_pem + leaf.key_pem, leaf.key_pem, "a private key behind the leaf");
  expect_refused(leaf.key_pem + leaf.chain_pem, leaf.key_pem, "a private key before the leaf");
  expect_refused(leaf.chain_pem + "some text\n", leaf.key_pem, "text");
  expect_refused("", leaf.key_pem, "nothing");
  expect_refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", leaf.key_pem, "no X.509");
}

TEST(Credentials, RefuseWhatIsNoKey) {
  const KeyAndChain leaf = make_key_and_chain("a.example");
  expect_refused(leaf.chain_pem, "", "nothing");
  expect_refused(leaf.chain_pem, "secret", "text");
  expect_refused(leaf.chain_pem, leaf.chain_pem, "a certificate");
}

TEST(Credentials, AreCheckedAgainWhenAContextIsMade) {
  const KeyAndChain a = make_key_and_chain("a.example");
  const KeyAndChain b = make_key_and_chain("b.example");
  Credentials mixed = Credentials::from_pem(a.chain_pem, a.key_pem).value();
  mixed.key_der = Credentials::from_pem(b.chain_pem, b.key_pem).value().key_der;
  TicketKeys tickets;
  const auto context = ServerContext::make("a.example", mixed, tickets);
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().code, base::ErrorCode::invalid);
}

}  // namespace
}  // namespace cardea::tls
