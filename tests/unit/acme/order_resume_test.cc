// What survives a crash, what is left out when a CA does not want it, and which chain is taken.
#include "acme/order_script.h"

namespace cardea::acme {
namespace {

TEST_F(OrderScript, TheOrdersUrlIsStoredBeforeAnythingElseIsAsked) {
  begin();
  creates(order("pending"));
  const Action action = machine_->next();
  ASSERT_TRUE(std::holds_alternative<RememberOrder>(action));
  EXPECT_EQ(std::get<RememberOrder>(action).order_url, "https://ca.example/order/1");
  EXPECT_FALSE(std::get<RememberOrder>(action).finalize_sent);
  machine_->on_done();
  asks(fetch_authorization);
}

TEST_F(OrderScript, ThatAFinalizeIsSentIsStoredBeforeItIsSent) {
  reaches_finalize();
  stores();
  ASSERT_FALSE(remembered_.empty());
  EXPECT_TRUE(remembered_.back().finalize_sent);
  asks(finalize);
}

TEST_F(OrderScript, AnOrderThatCannotBeStoredEndsWithoutAnythingAsked) {
  begin();
  creates(order("pending"));
  machine_->on_failure({base::ErrorCode::unavailable, base::ErrorSource::store, true, "Redis is away"});
  EXPECT_TRUE(fails("Redis is away").error.retryable);
  EXPECT_EQ(count(fetch_authorization), 0);
}

TEST_F(OrderScript, AReadyOrderWhoseFinalizeWasSentIsLookedAtAgainFirst) {
  plan_.finalize_sent = true;
  begin({"a.example"}, "https://ca.example/order/1");
  exchange(fetch_order, order("ready"));
  waits();
  exchange(fetch_order, order("ready"));
  exchange(finalize, valid_order());
  exchange(download, "PEM");
  finishes();
}

TEST_F(OrderScript, AnOrderThatTheCaForgotIsSaidToBeGone) {
  begin({"a.example"}, "https://ca.example/order/1");
  problem(fetch_order, 404, "malformed");
  EXPECT_TRUE(fails("because").order_gone);
  begin({"a.example"}, "https://ca.example/order/1");
  exchange(fetch_order, order("pending", R"(,"expires":"2024-03-14T00:00:00Z")"));
  EXPECT_TRUE(fails("expired").order_gone);
  begin({"a.example"}, "https://ca.example/order/1");
  exchange(fetch_order, order("invalid"));
  EXPECT_TRUE(fails("refused the order").order_gone);
}

TEST_F(OrderScript, AnOrderThatCannotBeReachedIsNotGone) {
  begin({"a.example"}, "https://ca.example/order/1");
  for (int i = 0; i < 5; ++i) {
    loses(fetch_order);
    waits();
  }
  loses(fetch_order);
  EXPECT_FALSE(fails("gave up").order_gone);
}

TEST_F(OrderScript, ARefusedPredecessorIsLeftOutOnce) {
  using Refusal = std::pair<int, std::string_view>;
  for (const auto& [status, type] : {Refusal{409, "alreadyReplaced"}, Refusal{400, "malformed"},
                                     Refusal{403, "unauthorized"}, Refusal{500, "serverInternal"}}) {
    plan_.replaces = "aki.serial";
    begin();
    asks(new_order);
    EXPECT_NE(std::get<Request>(machine_->next()).payload.find("aki.serial"), std::string::npos);
    problem(new_order, status, type);
    ASSERT_TRUE(std::holds_alternative<Request>(machine_->next())) << type;
    EXPECT_EQ(std::get<Request>(machine_->next()).payload.find("replaces"), std::string::npos);
    problem(new_order, status, type);
    fails("because");
  }
}

TEST_F(OrderScript, ARateLimitIsNoReasonToAskForLess) {
  plan_.replaces = "aki.serial";
  begin();
  problem(new_order, 429, "rateLimited");
  fails("rateLimited");
}

TEST_F(OrderScript, AProfileThatIsGoneIsLeftOutOnlyIfItIsNotRequired) {
  plan_.profile = "shortlived";
  begin();
  problem(new_order, 400, "invalidProfile");
  fails("invalidProfile");
  plan_.profile_required = false;
  begin();
  problem(new_order, 400, "invalidProfile");
  creates(order("ready"));
  stores();
  EXPECT_EQ(remembered_.back().profile, "");
}

TEST_F(OrderScript, TheNameThatFailedIsNamed) {
  begin({"a.example", "b.example"});
  creates(order("pending", "", "ab"));
  exchange(fetch_authorization, authorization("valid", "valid", 'a'));
  exchange(fetch_authorization, authorization("invalid", "invalid", 'b'));
  EXPECT_EQ(fails("could not validate b.example").invalid_name, "b.example");
}

TEST_F(OrderScript, AnotherChallengeIsChosenByThePlan) {
  plan_.challenge_type = ChallengeType::tls_alpn_01;
  begin();
  creates(order("pending"));
  std::string body = authorization("pending");
  body.replace(body.find("http-01"), 7, "tls-alpn-01");
  exchange(fetch_authorization, body);
  const Action action = machine_->next();
  ASSERT_TRUE(std::holds_alternative<PublishChallenge>(action)) << machine_->describe();
  EXPECT_EQ(std::get<PublishChallenge>(action).type, ChallengeType::tls_alpn_01);
}

TEST_F(OrderScript, WithoutTheWantedChainTheFirstOneIsTaken) {
  plan_.preferred_chain = "Another root";
  begin();
  creates(valid_order());
  exchange(download, Response{200,
                              "",
                              "",
                              "",
                              "PEM",
                              {"<https://ca.example/alt/1>;rel=\"alternate\", </alt/2>;rel=\"alternate\""}});
  exchange(download_alternate, "not it");
  loses(download_alternate);
  finishes();
  EXPECT_EQ(count(download_alternate), 2);
}

}  // namespace
}  // namespace cardea::acme
