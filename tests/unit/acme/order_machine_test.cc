#include "acme/order_script.h"

namespace cardea::acme {
namespace {

TEST_F(OrderScript, AnOrderRunsFromNewOrderToTheChain) {
  reaches_validation();
  EXPECT_EQ(machine_->describe(), "Waiting for the CA to validate a.example");
  EXPECT_EQ(machine_->step(), "validation");
  exchange(poll_authorization, Response{200, "", "9", "", authorization("pending", "processing"), {}});
  waits(9s);
  exchange(poll_authorization, authorization("valid", "valid"));
  withdraws();
  exchange(fetch_order, order("ready"));
  EXPECT_EQ(machine_->step(), "finalisation");
  exchange(finalize, order("processing"));
  waits();
  exchange(fetch_order, valid_order());
  exchange(download, "PEM");
  finishes();
}

TEST_F(OrderScript, AuthorizationsThatAreValidAreSkipped) {
  begin({"a.example", "b.example"});
  creates(order("pending", "", "ab"));
  exchange(fetch_authorization, authorization("valid", "valid", 'a'));
  exchange(fetch_authorization, authorization("pending", "pending", 'b'));
  publishes('b');
  exchange(answer_challenge, "{}");
  exchange(poll_authorization, authorization("valid", "valid", 'b'));
  withdraws();
  exchange(fetch_order, order("ready", "", "ab"));
  asks(finalize);
}

TEST_F(OrderScript, AReadyOrderIsFinalizedAtOnce) {
  reaches_finalize();
  exchange(finalize, valid_order());
  exchange(download, "PEM");
  finishes();
}

TEST_F(OrderScript, AValidOrderIsDownloadedAtOnce) {
  begin();
  creates(valid_order());
  exchange(download, "PEM");
  finishes();
}

TEST_F(OrderScript, AnExistingOrderIsTakenUpWhereItStands) {
  begin({"a.example"}, "https://ca.example/order/1");
  exchange(fetch_order, order("processing"));
  waits();
  exchange(fetch_order, valid_order());
  exchange(download, "PEM");
  finishes();
  EXPECT_EQ(count(new_order) + count(finalize), 0);
}

TEST_F(OrderScript, AChallengeThatSomeoneAnsweredIsPublishedButNotAnsweredAgain) {
  begin();
  creates(order("pending"));
  exchange(fetch_authorization, authorization("pending", "processing"));
  publishes();
  exchange(poll_authorization, authorization("valid", "valid"));
  withdraws();
  EXPECT_EQ(count(answer_challenge), 0);
}

TEST_F(OrderScript, AFinalizeWhoseConnectionDiesIsFollowedByALookAtTheOrder) {
  reaches_finalize();
  loses(finalize);
  waits();
  exchange(fetch_order, valid_order());
  exchange(download, "PEM");
  finishes();
  EXPECT_EQ(count(finalize), 1);
}

TEST_F(OrderScript, AFinalizeRefusedAsNotReadyIsFollowedByALookAtTheOrder) {
  reaches_finalize();
  problem(finalize, 403, "orderNotReady");
  waits();
  exchange(fetch_order, valid_order());
  exchange(download, "PEM");
  finishes();
  EXPECT_EQ(count(finalize), 1);
}

TEST_F(OrderScript, AFinalizeIsRepeatedOnlyForAnOrderSeenReadyAgainAndNotForEver) {
  reaches_finalize();
  for (int i = 0; i < base::kFinalizeAttemptsMax; ++i) {
    exchange(finalize, order("ready"));
    waits();
    exchange(fetch_order, order("ready"));
  }
  fails("leaves the order \"ready\"");
  EXPECT_EQ(count(finalize), base::kFinalizeAttemptsMax);
}

TEST_F(OrderScript, ACsrThatTheCaRefusesEndsTheOrder) {
  reaches_finalize();
  problem(finalize, 400, "badCSR");
  EXPECT_FALSE(fails("because (badCSR").error.retryable);
  EXPECT_EQ(machine_->step(), "finalisation");
}

TEST_F(OrderScript, AnOrderThatStaysProcessingTimesOutAndSaysSo) {
  reaches_finalize();
  exchange(finalize, order("processing"));
  for (int i = 0; i < 4; ++i) {
    waits();
    exchange(fetch_order, order("processing"));
  }
  waits();
  exchange(fetch_order, order("processing"));
  const Failed failed = fails("Waiting for the CA to issue the certificate for a.example");
  EXPECT_EQ(failed.error.code, base::ErrorCode::timeout);
}

TEST_F(OrderScript, AnOrderPastItsExpiryIsGivenUp) {
  reaches_finalize();
  exchange(finalize, order("processing", R"(,"expires":"2024-03-14T00:00:00Z")"));
  fails("the order expired at 2024-03-14");
}

TEST_F(OrderScript, AnInvalidAuthorizationNamesTheHostAndTheReason) {
  reaches_validation();
  exchange(poll_authorization,
           authorization("invalid", "invalid", 'a',
                         R"(,"error":{"type":"urn:ietf:params:acme:error:connection","detail":"Timeout"})"));
  withdraws(1, base::kChallengeAfterFailure);
  const Failed failed = fails("could not validate a.example: Timeout (connection)");
  EXPECT_TRUE(failed.problem.is("connection"));
  EXPECT_EQ(machine_->step(), "validation");
}

TEST_F(OrderScript, AnOrderForOtherNamesIsRefused) {
  begin();
  creates(order("pending", "", "b"));
  fails("other names");
}

TEST_F(OrderScript, IdentifiersThatChangeBetweenPollsAreRefused) {
  reaches_finalize();
  exchange(finalize, order("processing", "", "ab"));
  fails("other names");
}

TEST_F(OrderScript, AuthorizationsThatChangeBetweenPollsAreRefused) {
  reaches_finalize();
  exchange(finalize, order("processing", "", "a", "b"));
  fails("changed the authorizations");
}

TEST_F(OrderScript, AnAuthorizationForAStrangerIsRefused) {
  begin();
  creates(order("pending"));
  exchange(fetch_authorization, authorization("pending", "pending", 'z'));
  fails("another name");
}

TEST_F(OrderScript, ALaterLocationDoesNotReplaceTheFirst) {
  reaches_finalize();
  exchange(finalize, Response{200, "https://ca.example/other", "", "", order("processing"), {}});
  EXPECT_EQ(machine_->order_url(), "https://ca.example/order/1");
}

TEST_F(OrderScript, ANewOrderWithoutLocationIsAnError) {
  begin();
  exchange(new_order, order("pending"));
  fails("no Location");
}

TEST_F(OrderScript, AValidOrderWithoutCertificateIsAnError) {
  begin();
  creates(order("valid"));
  fails("names no certificate");
}

TEST_F(OrderScript, WithoutHttp01TheOfferedTypesAreNamed) {
  begin();
  creates(order("pending"));
  exchange(fetch_authorization, R"({"status":"pending","identifier":{"type":"dns","value":"a.example"},
                                    "challenges":[{"type":"dns-01"},{"type":"dns-persist-01"}]})");
  EXPECT_FALSE(fails("it offers: dns-01, dns-persist-01").error.retryable);
}

TEST_F(OrderScript, ATokenThatLeavesItsPathIsNeverPublished) {
  begin();
  creates(order("pending"));
  std::string body = authorization("pending");
  body.replace(body.find(kToken), kToken.size(), "../../../../../../etc/passwd");
  exchange(fetch_authorization, body);
  fails("the token is not");
}

TEST_F(OrderScript, ARateLimitKeepsItsRetryAfter) {
  begin();
  problem(new_order, 429, "rateLimited", "Fri, 15 Mar 2024 01:00:00 GMT");
  const Failed failed = fails("because (rateLimited, HTTP 429)");
  EXPECT_TRUE(failed.error.retryable);
  EXPECT_EQ(failed.retry_after, 3600s);
}

TEST_F(OrderScript, TermsToAcceptAreShown) {
  begin();
  exchange(new_order,
           Response{403,
                    "",
                    "",
                    "application/problem+json",
                    R"({"type":"urn:ietf:params:acme:error:userActionRequired","detail":"New terms"})",
                    {"<https://ca.example/tos>;rel=\"terms-of-service\""}});
  fails("see https://ca.example/tos");
}

TEST_F(OrderScript, AMissingAccountIsLeftToTheCaller) {
  begin();
  problem(new_order, 400, "accountDoesNotExist");
  EXPECT_TRUE(is_account_missing(fails("accountDoesNotExist").problem));
}

TEST_F(OrderScript, ALostAnswerIsRepeatedOnceAndOnlyIfTheCaDoesNotHaveIt) {
  begin();
  creates(order("pending"));
  exchange(fetch_authorization, authorization("pending"));
  publishes();
  loses(answer_challenge);
  exchange(poll_authorization, authorization("pending", "pending"));
  loses(answer_challenge);
  exchange(poll_authorization, authorization("pending", "pending"));
  waits();
  exchange(poll_authorization, authorization("pending", "processing"));
  waits();
  EXPECT_EQ(count(answer_challenge), 2);
}

TEST_F(OrderScript, TroubleAtTheCaDuringPollsIsWaitedOut) {
  reaches_validation();
  exchange(poll_authorization, Response{502, "", "", "text/html", "<html>", {}});
  waits();
  loses(poll_authorization);
  waits();
  exchange(poll_authorization, authorization("valid", "valid"));
  withdraws();
}

TEST_F(OrderScript, AFailureLeavesTheCaTimeToAskForWhatItWasToldToValidate) {
  reaches_validation();
  exchange(poll_authorization, Response{429, "", "", "text/html", "too much", {}});
  withdraws(1, base::kChallengeAfterFailure);
  EXPECT_TRUE(fails("status 429").error.retryable) << "the order is taken up later";
}

TEST_F(OrderScript, AChallengeThatCannotBeStoredIsWithdrawnAndEndsTheOrder) {
  begin();
  creates(order("pending"));
  exchange(fetch_authorization, authorization("pending"));
  machine_->on_failure({base::ErrorCode::unavailable, base::ErrorSource::store, true, "Redis is away"});
  withdraws(1, base::kChallengeAfterFailure);
  fails("Redis is away");
  EXPECT_EQ(count(answer_challenge), 0);
}

TEST_F(OrderScript, PagesInsteadOfJsonAreErrorsAtEveryStep) {
  begin();
  creates("<html>");
  fails("is not JSON");
  reaches_validation();
  exchange(poll_authorization, "[]");
  withdraws(1, base::kChallengeAfterFailure);
  fails("is not a JSON object");
}

}  // namespace
}  // namespace cardea::acme
