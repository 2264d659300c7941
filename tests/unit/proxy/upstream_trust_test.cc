#include "proxy/upstream_trust.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "crypto/self_signed.h"
#include "proxy/target.h"

namespace cardea::proxy {
namespace {

std::string new_ca_pem() {
  const auto key = crypto::PrivateKey::generate(crypto::KeyType::ec_p256).value();
  return crypto::make_self_signed(key, "ca.example", base::now() - std::chrono::hours(1),
                                  std::chrono::hours(24))
      .value()
      .to_pem();
}

store::TargetRecord secure_record() {
  store::TargetRecord record;
  record.hostname = "www.example.com";
  record.target_url = "https://backend";
  return record;
}

TEST(UpstreamTrust, HasNoFaultWithoutWishes) {
  EXPECT_TRUE(upstream_tls_faults(secure_record(), Transport::tls).empty());
  EXPECT_TRUE(upstream_tls_faults(secure_record(), Transport::plain).empty());
}

TEST(UpstreamTrust, HasNoFaultInWhatCanBeVerified) {
  for (const char* name : {"app.internal", "localhost", "10.0.0.1", "fd12::1", "my_app.local"}) {
    store::TargetRecord record = secure_record();
    record.upstream_ca_pem = new_ca_pem();
    record.upstream_server_name = name;
    EXPECT_TRUE(upstream_tls_faults(record, Transport::tls).empty()) << name;
  }
}

TEST(UpstreamTrust, SaysEverythingThatIsWrongAtOnce) {
  store::TargetRecord record = secure_record();
  record.upstream_ca_pem = "no PEM";
  record.upstream_server_name = "two words";
  EXPECT_EQ(upstream_tls_faults(record, Transport::tls).size(), 2U);
  record.upstream_ca_pem = new_ca_pem();
  record.insecure_skip_verify = true;
  EXPECT_EQ(upstream_tls_faults(record, Transport::tls).size(), 2U);
  EXPECT_EQ(upstream_tls_faults(record, Transport::plain).size(), 3U) << "nothing of it would be looked at";
}

TEST(UpstreamTrust, TakesABoundedNumberOfCertificates) {
  store::TargetRecord record = secure_record();
  while (record.upstream_ca_pem.size() <= base::kUpstreamCaBytesMax) record.upstream_ca_pem += "\n\n\n\n";
  record.upstream_ca_pem += new_ca_pem();
  ASSERT_EQ(upstream_tls_faults(record, Transport::tls).size(), 1U);
  EXPECT_NE(upstream_tls_faults(record, Transport::tls).front().find("longer"), std::string::npos);
}

TEST(UpstreamTrust, MakesOneContextForAllThatTrustTheSame) {
  UpstreamTrust trust;
  const auto system = trust.find(secure_record()).value();
  EXPECT_EQ(trust.find(secure_record()).value().context, system.context);
  store::TargetRecord with_ca = secure_record();
  with_ca.upstream_ca_pem = new_ca_pem();
  const auto own = trust.find(with_ca).value();
  EXPECT_NE(own.context, system.context);
  EXPECT_EQ(trust.find(with_ca).value().context, own.context);
  with_ca.upstream_ca_pem = new_ca_pem();
  EXPECT_NE(trust.find(with_ca).value().context, own.context);
  store::TargetRecord unverified = secure_record();
  unverified.insecure_skip_verify = true;
  EXPECT_NE(trust.find(unverified).value().context, system.context);
  EXPECT_EQ(trust.find(unverified).value().id, "unverified");
}

TEST(UpstreamTrust, KeepsConnectionsOfDifferentTrustApart) {
  UpstreamTrust trust;
  std::set<std::string> keys;
  store::TargetRecord record = secure_record();
  const auto add = [&] {
    return keys.insert(Target::from_record(record, trust).value().upstream_key).second;
  };
  EXPECT_TRUE(add());
  EXPECT_FALSE(add());
  record.target_url = "wss://backend/other/path";
  EXPECT_FALSE(add()) << "the same connection";
  record.target_url = "http://backend:443";
  EXPECT_TRUE(add()) << "not over TLS";
  record.target_url = "https://backend";
  record.upstream_server_name = "app.internal";
  EXPECT_TRUE(add());
  record.upstream_ca_pem = new_ca_pem();
  EXPECT_TRUE(add());
  record.upstream_ca_pem = new_ca_pem();
  EXPECT_TRUE(add());
  record.upstream_ca_pem.clear();
  record.insecure_skip_verify = true;
  EXPECT_TRUE(add());
}

}  // namespace
}  // namespace cardea::proxy
