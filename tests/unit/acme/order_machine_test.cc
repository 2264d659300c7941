#include "acme/order_machine.h"

#include <functional>

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace cardea::acme {
namespace {

using namespace std::chrono_literals;
using enum RequestKind;

constexpr base::Time kNow{1'710'460'800s};
constexpr std::string_view kToken = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
const base::Error kLost{base::ErrorCode::closed, base::ErrorSource::ca, true, "connection lost"};

std::string order(std::string_view status, std::string_view more = "", std::string_view names = "a",
                  std::string_view authorizations = "") {
  std::string ids, urls;
  for (const char name : names) {
    ids += fmt::format(R"({}{{"type":"dns","value":"{}.example"}})", ids.empty() ? "" : ",", name);
  }
  for (const char name : authorizations.empty() ? names : authorizations) {
    urls += fmt::format(R"({}"https://ca.example/authz/{}")", urls.empty() ? "" : ",", name);
  }
  return fmt::format(
      R"({{"status":"{}","identifiers":[{}],"authorizations":[{}],"finalize":"https://ca.example/fin"{}}})",
      status, ids, urls, more);
}
std::string valid_order() {
  return order("valid", R"(,"certificate":"https://ca.example/cert")");
}

std::string authorization(std::string_view status, std::string_view challenge = "pending", char name = 'a',
                          std::string_view more = "") {
  return fmt::format(
      R"({{"status":"{}","identifier":{{"type":"dns","value":"{}.example"}},"challenges":[{{"type":"dns-persist-01"}},)"
      R"({{"type":"http-01","url":"https://ca.example/chall/{}","token":"{}{}","status":"{}"{}}}]}})",
      status, name, name, kToken, name, challenge, more);
}

// Drives one machine and reads like the dialogue: expect(request).says(answer).
class OrderScript : public testing::Test {
 protected:
  void begin(std::vector<std::string> domains = {"a.example"}, std::string order_url = "") {
    OrderPlan plan;
    plan.domains = std::move(domains);
    plan.account_thumbprint = "thumb";
    plan.csr_der = "csr";
    plan.new_order_url = "https://ca.example/new";
    plan.order_url = std::move(order_url);
    plan.polls_max = 5;
    machine_.emplace(std::move(plan));
  }
  void asks(RequestKind kind) {
    const Action action = machine_->next();
    const auto* request = std::get_if<Request>(&action);
    ASSERT_NE(request, nullptr) << machine_->describe();
    ASSERT_EQ(request->kind, kind) << machine_->describe();
    if (kind != new_order && kind != finalize)
      EXPECT_EQ(request->payload, kind == answer_challenge ? "{}" : "");
    ++count_[static_cast<std::size_t>(kind)];
  }
  void exchange(RequestKind kind, Response response) {
    ASSERT_NO_FATAL_FAILURE(asks(kind));
    machine_->on_response(response, kNow);
  }
  void exchange(RequestKind kind, std::string body) {
    exchange(kind, Response{200, "", "", "application/json", std::move(body), {}});
  }
  void creates(std::string body) {
    exchange(new_order, Response{201, "https://ca.example/order/1", "", "", std::move(body), {}});
  }
  void problem(RequestKind kind, int status, std::string_view type, std::string retry_after = "") {
    exchange(kind,
             Response{status,
                      "",
                      std::move(retry_after),
                      "application/problem+json",
                      fmt::format(R"({{"type":"urn:ietf:params:acme:error:{}","detail":"because"}})", type),
                      {}});
  }
  void loses(RequestKind kind) {
    ASSERT_NO_FATAL_FAILURE(asks(kind));
    machine_->on_connection_lost(kLost);
  }
  void waits(std::chrono::seconds duration = 2s) {
    const Action action = machine_->next();
    const auto* wait = std::get_if<Wait>(&action);
    ASSERT_NE(wait, nullptr) << machine_->describe();
    EXPECT_EQ(wait->duration, duration);
    machine_->on_done();
  }
  void publishes(char name = 'a') {
    const Action action = machine_->next();
    const auto* publish = std::get_if<PublishChallenge>(&action);
    ASSERT_NE(publish, nullptr) << machine_->describe();
    EXPECT_EQ(publish->token, std::string(kToken) + name);
    EXPECT_EQ(publish->key_authorization, std::string(kToken) + name + ".thumb");
    EXPECT_EQ(publish->domain, std::string(1, name) + ".example");
    machine_->on_done();
  }
  void withdraws(std::size_t count = 1) {
    const Action action = machine_->next();
    const auto* withdraw = std::get_if<WithdrawChallenges>(&action);
    ASSERT_NE(withdraw, nullptr) << machine_->describe();
    EXPECT_EQ(withdraw->tokens.size(), count);
    machine_->on_done();
  }
  void finishes() {
    const Action action = machine_->next();
    ASSERT_TRUE(std::holds_alternative<Finished>(action)) << machine_->describe();
    EXPECT_EQ(std::get<Finished>(action).pem_chain, "PEM");
    EXPECT_EQ(machine_->order_url(), "https://ca.example/order/1");
  }
  Failed fails(std::string_view words) {
    const Action action = machine_->next();
    const auto* failed = std::get_if<Failed>(&action);
    if (failed == nullptr) {
      ADD_FAILURE() << machine_->describe();
      return {};
    }
    EXPECT_NE(failed->error.context.find(words), std::string::npos) << failed->error.context;
    return *failed;
  }
  void reaches_validation() {
    begin();
    creates(order("pending"));
    exchange(fetch_authorization, authorization("pending"));
    publishes();
    exchange(answer_challenge, "{}");
  }
  void reaches_finalize() {
    begin();
    creates(order("ready"));
  }
  int count(RequestKind kind) const { return count_[static_cast<std::size_t>(kind)]; }

  std::optional<OrderMachine> machine_;
  std::array<int, 7> count_{};
};

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
  withdraws();
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

TEST_F(OrderScript, AChallengeThatCannotBeStoredIsWithdrawnAndEndsTheOrder) {
  begin();
  creates(order("pending"));
  exchange(fetch_authorization, authorization("pending"));
  machine_->on_failure({base::ErrorCode::unavailable, base::ErrorSource::store, true, "Redis is away"});
  withdraws();
  fails("Redis is away");
  EXPECT_EQ(count(answer_challenge), 0);
}

TEST_F(OrderScript, PagesInsteadOfJsonAreErrorsAtEveryStep) {
  begin();
  creates("<html>");
  fails("is not JSON");
  reaches_validation();
  exchange(poll_authorization, "[]");
  withdraws();
  fails("is not a JSON object");
}

}  // namespace
}  // namespace cardea::acme
