#include "acme/schedule.h"

#include <gtest/gtest.h>

namespace cardea::acme {
namespace {

using namespace std::chrono_literals;
using store::CertificateStatus;

constexpr base::Time kNow{1'710'460'800s};
const Options kOptions{
    .poll_interval = 2s, .polls_max = 60, .renewal_threshold = std::chrono::days(30), .check_interval = 24h};

store::CertificateRecord pending() {
  store::CertificateRecord record;
  record.cert_name = "c";
  record.domains = {"a.example"};
  record.directory_urls = {"https://a.example/dir", "https://b.example/dir"};
  return record;
}

store::CertificateRecord issued() {
  store::CertificateRecord record = pending();
  settle_success(record,
                 {.not_before = kNow,
                  .not_after = kNow + 90 * 24h,
                  .fingerprint = "f",
                  .fullchain_pem = "PEM",
                  .private_key_pem = "KEY",
                  .directory_url = "https://a.example/dir",
                  .email = "a@b.example",
                  .certificate_id = "aki.serial"},
                 {}, kOptions, kNow, 0);
  return record;
}

Failed refused(std::string type, std::optional<std::chrono::seconds> retry_after = std::nullopt) {
  Failed failed;
  failed.problem.type = std::move(type);
  failed.error = {base::ErrorCode::rejected, base::ErrorSource::ca, false, "because"};
  failed.retry_after = retry_after;
  return failed;
}

TEST(Schedule, AFirstOrderThatNobodyPlannedIsMadeAtOnce) {
  store::CertificateRecord record = pending();
  reschedule(record, kOptions, kNow);
  EXPECT_EQ(record.next_attempt_at, kNow);
  EXPECT_EQ(next_work(record, kNow), Work::order);
}

TEST(Schedule, ANewCertificateIsAskedAboutThenLookedAtThenRenewed) {
  store::CertificateRecord record = issued();
  EXPECT_EQ(record.status, CertificateStatus::active);
  EXPECT_GE(record.next_attempt_at, kNow + 60 * 24h);
  EXPECT_EQ(record.next_action_at, record.renewal.next_poll_at);
  EXPECT_EQ(next_work_name(record), "renewal information");
  EXPECT_EQ(next_work(record, kNow), Work::nothing);
  record.renewal.next_poll_at.reset();
  reschedule(record, kOptions, kNow);
  EXPECT_EQ(record.next_action_at, kNow + 24h) << "the threshold may change meanwhile";
  EXPECT_EQ(next_work(record, *record.next_attempt_at), Work::order);
}

TEST(Schedule, WhatAPersonAskedForIsNotPlannedAway) {
  store::CertificateRecord record = issued();
  record.next_attempt_at = kNow;
  reschedule(record, kOptions, kNow);
  EXPECT_EQ(record.next_attempt_at, kNow);
  EXPECT_EQ(next_work(record, kNow), Work::order);
}

TEST(Schedule, AFailureKeepsWhatIsServedAndPlansTheNextAttempt) {
  store::CertificateRecord record = issued();
  record.renewal = {};
  settle_failure(record, refused("connection"), {{kNow, "order", "Ordering", 201}}, kOptions, kNow, 0);
  EXPECT_EQ(record.status, CertificateStatus::active);
  EXPECT_EQ(record.fullchain_pem, "PEM");
  EXPECT_EQ(record.attempts, 1U);
  EXPECT_EQ(record.next_attempt_at, kNow + 5min);
  EXPECT_EQ(next_work_name(record), "retry");
  EXPECT_EQ(record.history.back().step, "failed");
  EXPECT_EQ(record.last_error_message, "because");
}

TEST(Schedule, WhatOnlyAPersonCanMendIsTriedAtTheNextCaAndThenNoMore) {
  store::CertificateRecord record = pending();
  settle_failure(record, refused("userActionRequired"), {}, kOptions, kNow, 0);
  EXPECT_EQ(next_directory(record, kOptions, kNow), "https://b.example/dir");
  EXPECT_EQ(record.next_attempt_at, kNow + base::kOtherIssuerDelay);
  settle_failure(record, refused("userActionRequired"), {}, kOptions, kNow, 0);
  EXPECT_EQ(record.next_attempt_at, std::nullopt);
  EXPECT_EQ(record.next_action_at, std::nullopt);
  EXPECT_EQ(next_work_name(record), "none");
}

TEST(Schedule, ACaThatWantsTooLongAWaitIsPassedOver) {
  for (const bool is_failure : {true, false}) {
    store::CertificateRecord record = issued();
    const base::Time late = *record.expires_at - 24h;
    const auto settle = [&](std::chrono::seconds wait) {
      if (is_failure) settle_failure(record, refused("rateLimited", wait), {}, kOptions, late, 0);
      if (!is_failure) settle_postponed(record, late + wait, "held", {}, kOptions, late);
    };
    if (!is_failure) {
      settle(11h);
      EXPECT_EQ(record.issuers_passed, 0U) << "half of a day is left to wait";
      EXPECT_EQ(record.next_attempt_at, late + 11h);
    }
    settle(13h);
    EXPECT_EQ(record.issuers_passed, 1U);
    EXPECT_EQ(record.next_attempt_at, late + base::kOtherIssuerDelay);
    settle(13h);
    EXPECT_EQ(record.next_attempt_at, late + 13h) << "there is no third one";
  }
}

TEST(Schedule, AKeyThatIsOutWaitsForNoCa) {
  store::CertificateRecord record = issued();
  record.revocations.emplace_back();
  settle_failure(record, refused("serverInternal"), {}, kOptions, kNow, 0);
  EXPECT_EQ(next_directory(record, kOptions, kNow), "https://b.example/dir");
  EXPECT_EQ(record.next_attempt_at, kNow + base::kOtherIssuerDelay);
}

TEST(Schedule, ASuccessForgetsWhatFailed) {
  store::CertificateRecord record = pending();
  settle_failure(record, refused("userActionRequired"), {}, kOptions, kNow, 0);
  store::CertificateRecord fresh = issued();
  EXPECT_EQ(fresh.issuers_passed, 0U);
  EXPECT_EQ(fresh.attempts, 0U);
  EXPECT_EQ(next_directory(fresh, kOptions, kNow), "https://a.example/dir");
}

TEST(Schedule, ARevocationWaitsForTheReplacement) {
  store::CertificateRecord record = issued();
  record.revocations.emplace_back();
  reschedule(record, kOptions, kNow);
  EXPECT_NE(next_work(record, kNow + 1h), Work::revoke);
  NewCertificate replacement;
  replacement.not_after = kNow + 90 * 24h;
  settle_success(record, replacement, {}, kOptions, kNow, 0);
  EXPECT_EQ(record.revocations.front().not_before, kNow + base::kRevocationDelay);
  EXPECT_EQ(next_work(record, kNow + base::kRevocationDelay), Work::revoke);
}

TEST(ProblemDocument, IsTheCasOwnWordForWord) {
  Failed failed = refused("dns");
  failed.problem.raw = R"({"type":"urn:ietf:params:acme:error:dns","detail":"x","extra":[1]})";
  EXPECT_EQ(problem_document(failed), failed.problem.raw);
}

TEST(ProblemDocument, ShowsNothingOfWhatIsNone) {
  for (const std::string_view raw :
       {"<html>secret", R"({"secret":1})", R"({"type":"x","secret":1})", "[1]", ""}) {
    Failed failed = refused("");
    failed.problem.raw = raw;
    EXPECT_EQ(problem_document(failed).find("secret"), std::string::npos) << raw;
    EXPECT_NE(problem_document(failed).find("because"), std::string::npos);
  }
}

}  // namespace
}  // namespace cardea::acme
