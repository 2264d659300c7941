// One order as a dialogue with a CA: the machine asks, the test answers, nothing else exists.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "acme/order_machine.h"

namespace cardea::acme {

using namespace std::chrono_literals;
using enum RequestKind;

inline constexpr base::Time kNow{1'710'460'800s};
inline constexpr std::string_view kToken = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
inline const base::Error kLost{base::ErrorCode::closed, base::ErrorSource::ca, true, "connection lost"};

inline std::string order(std::string_view status, std::string_view more = "", std::string_view names = "a",
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
inline std::string valid_order() {
  return order("valid", R"(,"certificate":"https://ca.example/cert")");
}

inline std::string authorization(std::string_view status, std::string_view challenge = "pending",
                                 char name = 'a', std::string_view more = "") {
  return fmt::format(
      R"({{"status":"{}","identifier":{{"type":"dns","value":"{}.example"}},"challenges":[{{"type":"dns-persist-01"}},)"
      R"({{"type":"http-01","url":"https://ca.example/chall/{}","token":"{}{}","status":"{}"{}}}]}})",
      status, name, name, kToken, name, challenge, more);
}

// Drives one machine and reads like the dialogue: expect(request).says(answer).
class OrderScript : public testing::Test {
 protected:
  void begin(std::vector<std::string> domains = {"a.example"}, std::string order_url = "") {
    OrderPlan plan = plan_;
    plan.domains = std::move(domains);
    plan.account_thumbprint = "thumb";
    plan.csr_der = "csr";
    plan.new_order_url = "https://ca.example/new";
    plan.order_url = std::move(order_url);
    plan.polls_max = 5;
    machine_.emplace(std::move(plan));
  }
  // What must be durable is stored before anything else is asked for.
  void stores() {
    while (const auto* remember = std::get_if<RememberOrder>(&(action_ = machine_->next()))) {
      remembered_.push_back(*remember);
      machine_->on_done();
    }
  }
  void asks(RequestKind kind) {
    stores();
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
    stores();
    const Action action = machine_->next();
    const auto* wait = std::get_if<Wait>(&action);
    ASSERT_NE(wait, nullptr) << machine_->describe();
    EXPECT_EQ(wait->duration, duration);
    machine_->on_done();
  }
  void publishes(char name = 'a') {
    stores();
    const Action action = machine_->next();
    const auto* publish = std::get_if<PublishChallenge>(&action);
    ASSERT_NE(publish, nullptr) << machine_->describe();
    EXPECT_EQ(publish->token, std::string(kToken) + name);
    EXPECT_EQ(publish->key_authorization, std::string(kToken) + name + ".thumb");
    EXPECT_EQ(publish->domain, std::string(1, name) + ".example");
    machine_->on_done();
  }
  void withdraws(std::size_t count = 1, std::chrono::seconds delay = 0s) {
    stores();
    const Action action = machine_->next();
    const auto* withdraw = std::get_if<WithdrawChallenges>(&action);
    ASSERT_NE(withdraw, nullptr) << machine_->describe();
    EXPECT_EQ(withdraw->challenges.size(), count);
    EXPECT_EQ(withdraw->delay, delay);
    machine_->on_done();
  }
  void finishes(std::string_view chain = "PEM") {
    const Action action = machine_->next();
    ASSERT_TRUE(std::holds_alternative<Finished>(action)) << machine_->describe();
    EXPECT_EQ(std::get<Finished>(action).pem_chain, chain);
    EXPECT_EQ(machine_->order_url(), "https://ca.example/order/1");
  }
  Failed fails(std::string_view words) {
    stores();
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
  OrderPlan plan_;  // what begin() adds to
  Action action_;
  std::vector<RememberOrder> remembered_;
  std::array<int, 8> count_{};
};

}  // namespace cardea::acme
