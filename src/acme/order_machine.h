// One order from newOrder to the downloaded chain (RFC 8555 §7.4, §7.5) as a pure state machine: no socket,
// no clock, no coroutine. The driver asks next(), does what it is told and reports the outcome:
//   Request            → on_response(), or on_connection_lost() if no complete answer came
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
#include <variant>
#include <vector>

#include "acme/messages.h"
#include "base/clock.h"
#include "base/limits.h"

namespace cardea::acme {

struct OrderPlan {
  std::vector<std::string> domains;  // canonical
  std::string account_thumbprint;    // crypto::jwk_thumbprint of the account key
  std::string csr_der;               // its key must be stored before the order begins
  std::string new_order_url;
  std::string order_url;  // not empty: take up this order instead of making one
  std::chrono::seconds poll_interval = base::kAcmePollInterval;
  int polls_max = base::kAcmePollsMax;
};

enum class RequestKind : std::uint8_t {
  new_order,
  fetch_authorization,
  answer_challenge,
  poll_authorization,
  fetch_order,
  finalize,
  download,
};

struct Request {
  RequestKind kind;
  std::string url;
  std::string payload;  // "" = POST-as-GET
};
struct PublishChallenge {
  std::string token;
  std::string key_authorization;
  std::string domain;
};
struct Wait {
  std::chrono::seconds duration;
};
struct WithdrawChallenges {
  std::vector<std::string> tokens;
};
struct Finished {
  std::string pem_chain;  // not verified yet: verify_issued()
};
struct Failed {
  base::Error error;
  Problem problem;                                  // empty() unless the CA sent one
  std::optional<std::chrono::seconds> retry_after;  // no new attempt before it, if the CA said so
};
using Action = std::variant<Request, PublishChallenge, Wait, WithdrawChallenges, Finished, Failed>;

struct Response {
  int status = 0;
  std::string location;
  std::string retry_after;
  std::string content_type;
  std::string body;
  std::vector<std::string> links;  // values of Link fields
};

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
  void take_order(const Response& response, base::Time now);
  void act_on_order(const Response& response, base::Time now);
  [[nodiscard]] bool remember_order(Order order);
  void take_loaded_authorization(const Response& response);
  void take_polled_authorization(const Response& response, base::Time now);
  void add_validation(const Authorization& authorization);
  void next_authorization();
  void next_answer();
  void next_validation();
  void poll_later(const Response& response, base::Time now);
  void enter(OrderState state);
  void fail(base::Error error, Problem problem = {});
  void fail_protocol(std::string what);
  void fail_invalid(const Authorization& authorization);
  void fail_invalid_order();

  OrderPlan plan_;
  OrderState state_;
  std::string order_url_;
  std::optional<Order> order_;
  std::size_t at_ = 0;  // the authorization or validation that the state is about
  std::vector<Validation> validations_;
  std::vector<std::string> published_;  // tokens not withdrawn yet
  std::optional<std::chrono::seconds> wait_;
  std::optional<std::chrono::seconds> retry_after_;
  int polls_ = 0;
  int finalize_attempts_ = 0;
  std::string chain_;
  std::optional<Failed> failed_;
  std::string_view failed_step_;
};

}  // namespace cardea::acme
