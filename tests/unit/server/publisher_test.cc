#include "server/publisher.h"

#include <chrono>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "crypto/key.h"
#include "crypto/self_signed.h"

namespace cardea::server {
namespace {

// Without workers: what is loaded is seen by its count.
class PublisherTest : public testing::Test {
 protected:
  static store::CertificateRecord make_record(const std::string& name, std::uint64_t generation) {
    const auto key = crypto::PrivateKey::generate(crypto::KeyType::ec_p256).value();
    const auto now = base::now();
    store::CertificateRecord record;
    record.cert_name = name;
    record.domains = {name + ".example"};
    record.fullchain_pem =
        crypto::make_self_signed(key, record.domains[0], now, std::chrono::hours(1)).value().to_pem();
    record.private_key_pem = key.to_pem();
    record.expires_at = now + std::chrono::hours(1);
    record.status = store::CertificateStatus::active;
    record.generation = generation;
    return record;
  }

  std::vector<std::unique_ptr<Worker>> workers_;
  tls::TicketKeys tickets_;
  Publisher publisher_{workers_, tickets_};
  const store::CertificateRecord record_ = make_record("one", 1);
};

TEST_F(PublisherTest, WhatTheStoreNoLongerHasIsRemoved) {
  publisher_.put_certificate(record_);
  publisher_.expect_content();
  publisher_.reconcile({});
  EXPECT_EQ(publisher_.certificates_loaded(), 0);
}

TEST_F(PublisherTest, WhatCannotBeReadStays) {
  publisher_.put_certificate(record_);
  publisher_.expect_content();
  publisher_.reconcile({.targets = {}, .certificates = {}, .unreadable = {"one"}});
  EXPECT_EQ(publisher_.certificates_loaded(), 1);
}

TEST_F(PublisherTest, WhatIsPutWhileTheStoreIsReadStays) {
  publisher_.expect_content();
  publisher_.put_certificate(record_);
  publisher_.reconcile({});
  EXPECT_EQ(publisher_.certificates_loaded(), 1);
}

TEST_F(PublisherTest, WhatIsRemovedWhileTheStoreIsReadDoesNotComeBack) {
  publisher_.put_certificate(record_);
  publisher_.expect_content();
  publisher_.remove_certificate("one");
  publisher_.reconcile({.targets = {}, .certificates = {record_}, .unreadable = {}});
  EXPECT_EQ(publisher_.certificates_loaded(), 0);
}

TEST_F(PublisherTest, WhatHappenedInOneReadingIsNoMatterInTheNext) {
  publisher_.expect_content();
  publisher_.put_certificate(record_);
  publisher_.reconcile({});
  publisher_.expect_content();
  publisher_.reconcile({});
  EXPECT_EQ(publisher_.certificates_loaded(), 0);
}

}  // namespace
}  // namespace cardea::server
