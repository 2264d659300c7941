// One order from newOrder to the downloaded chain (RFC 8555 §7.4, §7.5) as a pure state machine: no socket,
// no clock, no coroutine. The driver asks next(), does what it is told and reports the outcome:
//   Request            → on_response(), or on_connection_lost() if no complete answer came
//   RememberOrder      → on_done(), or on_failure() if it could not be stored
//   PublishChallenge   → on_done(), or on_failure() if it could not be stored
//   Wait               → on_done() once the time is over. The driver may instead store order_url() and drop
//                        the machine; a new one with OrderPlan::order_url goes on where this one stood.
//   WithdrawChallenges → on_done(), whatever came of it (tokens expire by themselves)
//   Finished, Failed   → nothing more; next() keeps giving the same
// next() changes nothing: it gives the same action until an outcome is reported.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/messages.h"
#include "acme/order_actions.h"
#include "acme/response.h"
#include "base/clock.h"

namespace cardea::acme {

enum class OrderState : std::uint8_t {
  creating_order,
  loading_order,
  loading_authorizations,
  publishing_challenges,
  answering_challenges,
  validating,
  awaiting_ready,
  finalizing,
  awaiting_certificate,
  downloading,
  choosing_chain,
  finished,
  failed,
};

class OrderMachine {
 public:
  explicit OrderMachine(OrderPlan plan);

  [[nodiscard]] Action next() const;
  void on_response(const Response& response, base::Time now);
  void on_connection_lost(const base::Error& error);
  void on_done();
  void on_failure(base::Error error);

  [[nodiscard]] OrderState state() const { return state_; }
  // "" until the CA has made the order; then it never changes.
  [[nodiscard]] const std::string& order_url() const { return order_url_; }
  // A sentence for a person: "Waiting for the CA to validate www.example.com".
  [[nodiscard]] std::string describe() const;
  // order, validation, finalisation or download; after a failure, the step that failed.
  [[nodiscard]] std::string_view step() const;

 private:
  struct Validation {
    std::string url;
    Identifier identifier;
    Challenge challenge;
    bool answered = false;     // by us or, as the CA told, by someone before us
    bool repeated = false;     // answered a second time
    bool answer_lost = false;  // the answer's connection died: the CA may or may not have it
  };

  [[nodiscard]] Request request() const;
  void on_success(const Response& response, base::Time now);
  void on_refusal(const Response& response, base::Time now);
  // Asks again without what the CA does not want; false if that is not the reason or nothing is left out.
  [[nodiscard]] bool ask_for_less(const Problem& problem);
  void take_order(const Response& response, base::Time now);
  void act_on_order(const Response& response, base::Time now);
  [[nodiscard]] bool remember_order(Order order);
  void take_loaded_authorization(const Response& response);
  void take_polled_authorization(const Response& response, base::Time now);
  void add_validation(const Authorization& authorization);
  void next_authorization();
  void next_answer();
  void next_validation();
  void take_chain(const Response& response);
  void take_alternate(const Response* response);
  void poll_later(const Response& response, base::Time now);
  void enter(OrderState state);
  void fail(base::Error error, Problem problem = {});
  void fail_protocol(std::string what);
  void fail_invalid(const Authorization& authorization);
  void fail_invalid_order();
  [[nodiscard]] bool is_resuming() const { return state_ == OrderState::loading_order; }

  OrderPlan plan_;
  OrderState state_;
  std::string order_url_;
  std::optional<Order> order_;
  std::size_t at_ = 0;  // the authorization or validation that the state is about
  std::vector<Validation> validations_;
  std::vector<PublishChallenge> published_;  // not withdrawn yet
  bool unsaved_ = false;                     // what RememberOrder would say is not stored yet
  bool finalize_sent_ = false;
  std::optional<std::chrono::seconds> wait_;
  std::optional<std::chrono::seconds> retry_after_;
  int polls_ = 0;
  int finalize_attempts_ = 0;
  std::string chain_;                    // the CA's first choice, or the preferred one
  std::vector<std::string> alternates_;  // URLs of other chains, in the CA's order
  std::optional<Failed> failed_;
  std::string_view failed_step_;
  std::string invalid_name_;
};

}  // namespace cardea::acme
