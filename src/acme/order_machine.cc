#include "acme/order_machine.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "acme/chain_choice.h"
#include "acme/json_fields.h"
#include "acme/link.h"
#include "acme/retry_after.h"
#include "base/check.h"
#include "base/strings.h"

namespace cardea::acme {
namespace {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;

std::set<std::string> names_of(const Order& order) {
  std::set<std::string> names;
  for (const Identifier& identifier : order.identifiers) names.insert(identifier.value);
  return names;
}

std::set<std::string> sorted(const std::vector<std::string>& list) {
  return {list.begin(), list.end()};
}

std::string offered_types(const Authorization& authorization) {
  std::string types;
  for (const Challenge& challenge : authorization.challenges) {
    if (!types.empty()) types += ", ";
    types += challenge.type;
  }
  return types.empty() ? "none" : types;
}

}  // namespace

OrderMachine::OrderMachine(OrderPlan plan)
    : plan_(std::move(plan)),
      state_(plan_.order_url.empty() ? OrderState::creating_order : OrderState::loading_order),
      order_url_(plan_.order_url),
      finalize_sent_(plan_.finalize_sent) {
  CARDEA_CHECK(!plan_.domains.empty() && !plan_.csr_der.empty(), "an order is for names and a key");
  CARDEA_CHECK(plan_.polls_max > 0 && plan_.poll_interval.count() > 0,
               "polling must be bounded and not busy");
}

Action OrderMachine::next() const {
  if (unsaved_) return RememberOrder{order_url_, finalize_sent_, plan_.replaces, plan_.profile};
  if (wait_) return Wait{*wait_};
  const bool validated = state_ >= OrderState::awaiting_ready;
  const bool has_failed = state_ == OrderState::failed;
  if (validated && !published_.empty()) {
    // What failed is perhaps a look at one name, while the CA is about to validate this or another one: an
    // answer that is gone by then would make it a failed validation.
    return WithdrawChallenges{published_,
                              has_failed ? base::kChallengeAfterFailure : std::chrono::seconds{0}};
  }
  if (has_failed) return *failed_;
  if (state_ == OrderState::finished) return Finished{chain_};
  if (state_ == OrderState::publishing_challenges) {
    const Validation& validation = validations_[at_];
    const std::string& token = validation.challenge.token;
    return PublishChallenge{plan_.challenge_type, validation.identifier.value, token,
                            token + "." + plan_.account_thumbprint};
  }
  return request();
}

Request OrderMachine::request() const {
  using enum OrderState;
  switch (state_) {
    case creating_order:
      return {RequestKind::new_order, plan_.new_order_url,
              new_order_payload(plan_.domains, plan_.replaces, plan_.profile)};
    case loading_authorizations: return {RequestKind::fetch_authorization, order_->authorizations[at_], ""};
    case answering_challenges:
      return {RequestKind::answer_challenge, validations_[at_].challenge.url, std::string(kEmptyObject)};
    case validating: return {RequestKind::poll_authorization, validations_[at_].url, ""};
    case loading_order:
    case awaiting_ready:
    case awaiting_certificate: return {RequestKind::fetch_order, order_url_, ""};
    case finalizing: return {RequestKind::finalize, order_->finalize, finalize_payload(plan_.csr_der)};
    case downloading: return {RequestKind::download, order_->certificate, ""};
    case choosing_chain: return {RequestKind::download_alternate, alternates_[at_], ""};
    case publishing_challenges:
    case finished:
    case failed: break;
  }
  base::check_failed("request()", "this state asks the CA for nothing");
}

void OrderMachine::on_response(const Response& response, base::Time now) {
  CARDEA_CHECK(std::holds_alternative<Request>(next()), "an answer belongs to a request");
  if (response.status >= 200 && response.status < 300) {
    on_success(response, now);
  } else {
    on_refusal(response, now);
  }
}

void OrderMachine::on_success(const Response& response, base::Time now) {
  using enum OrderState;
  switch (state_) {
    case creating_order:
      if (!is_https_url(response.location)) {
        return fail_protocol("the CA made an order but did not say where it is (no Location)");
      }
      order_url_ = response.location;
      unsaved_ = true;
      return take_order(response, now);
    // The first Location stays: later answers may have none or another one.
    case loading_order:
    case awaiting_ready:
    case awaiting_certificate:
    case finalizing: return take_order(response, now);
    case loading_authorizations: return take_loaded_authorization(response);
    case answering_challenges: validations_[at_].answered = true; return next_answer();
    case validating: return take_polled_authorization(response, now);
    case downloading: return take_chain(response);
    case choosing_chain: return take_alternate(&response);
    case publishing_challenges:
    case finished:
    case failed: break;
  }
}

void OrderMachine::on_refusal(const Response& response, base::Time now) {
  Problem problem = problem_of(response);
  if (state_ == OrderState::creating_order && ask_for_less(problem)) return;
  if (state_ == OrderState::choosing_chain) return take_alternate(nullptr);
  if (state_ == OrderState::finalizing && (is_order_not_ready(problem) || is_server_trouble(problem))) {
    // The CA may have accepted an earlier finalize, or this one before it failed. Only the order knows.
    enter(OrderState::awaiting_certificate);
    return poll_later(response, now);
  }
  if (state_ == OrderState::answering_challenges && problem.is("malformed")) {
    // Answered before, or decided already: the authorization tells.
    validations_[at_].answered = true;
    return next_answer();
  }
  const bool repeatable = state_ != OrderState::creating_order && !is_rate_limited(problem);
  if (repeatable && is_server_trouble(problem)) return poll_later(response, now);
  retry_after_ = parse_retry_after(response.retry_after, now);
  Error error = to_error(problem, describe());
  fail(std::move(error), std::move(problem));
}

// RFC 9773 §5: a CA may refuse "replaces" (taken already, another account's, one it does not know), and some
// answer with whatever comes to hand; the order itself is still wanted. A profile may have gone since it was
// chosen.
bool OrderMachine::ask_for_less(const Problem& problem) {
  if (!plan_.profile.empty() && !plan_.profile_required && problem.is("invalidProfile")) {
    plan_.profile.clear();
    return true;
  }
  const bool may_be_replaces = problem.is("alreadyReplaced") || problem.is("malformed") ||
                               problem.is("unauthorized") || problem.is("serverInternal") ||
                               problem.status == 409 || problem.status == 500;
  if (plan_.replaces.empty() || !may_be_replaces) return false;
  plan_.replaces.clear();
  return true;
}

void OrderMachine::on_connection_lost(const Error& error) {
  CARDEA_CHECK(std::holds_alternative<Request>(next()), "an answer belongs to a request");
  if (state_ == OrderState::creating_order) {
    Error lost = error;
    lost.retryable = true;  // the CA gives the same order again or lets an unused one expire
    return fail(std::move(lost));
  }
  if (state_ == OrderState::choosing_chain) return take_alternate(nullptr);
  if (state_ == OrderState::finalizing) enter(OrderState::awaiting_certificate);
  if (state_ == OrderState::answering_challenges) {
    Validation& validation = validations_[at_];
    validation.answered = true;
    validation.answer_lost = !validation.repeated;
    return next_answer();
  }
  poll_later(Response{}, base::Time{});
}

void OrderMachine::on_done() {
  if (unsaved_) {
    unsaved_ = false;
  } else if (wait_) {
    wait_.reset();
  } else if (state_ == OrderState::publishing_challenges) {
    published_.push_back(std::get<PublishChallenge>(next()));
    if (++at_ == validations_.size()) {
      enter(OrderState::answering_challenges);
      if (validations_[at_].answered) next_answer();
    }
  } else {
    CARDEA_CHECK(!published_.empty(), "only a publication, a wait or a withdrawal is reported as done");
    published_.clear();
  }
}

void OrderMachine::on_failure(Error error) {
  const bool was_unsaved = std::exchange(unsaved_, false);
  // The publication may have reached the store although we were told otherwise.
  if (!was_unsaved && state_ == OrderState::publishing_challenges) {
    published_.push_back(std::get<PublishChallenge>(next()));
  }
  fail(std::move(error));
}

void OrderMachine::take_order(const Response& response, base::Time now) {
  auto order = parse_order(response.body);
  if (!order) return fail(std::move(order.error()));
  if (remember_order(std::move(*order))) act_on_order(response, now);
}

// RFC 8555 §7.1.3: identifiers and authorizations of an order never change; if they do it is not our order.
bool OrderMachine::remember_order(Order order) {
  if (names_of(order) != sorted(plan_.domains)) {
    fail_protocol("the CA's order is for other names than the ones we asked for");
    return false;
  }
  if (order_ && sorted(order_->authorizations) != sorted(order.authorizations)) {
    fail_protocol("the CA changed the authorizations of the order while it was running");
    return false;
  }
  // Indexes into the list must stay right even if the CA gives it in another sequence.
  if (order_) order.authorizations = order_->authorizations;
  order_ = std::move(order);
  return true;
}

void OrderMachine::act_on_order(const Response& response, base::Time now) {
  const bool just_finalized = state_ == OrderState::finalizing;
  const bool expired = order_->expires && *order_->expires <= now;
  if (expired && (order_->status == OrderStatus::pending || order_->status == OrderStatus::processing)) {
    return fail({ErrorCode::timeout, ErrorSource::ca, false,
                 fmt::format("{}: the order expired at {}", describe(), base::to_rfc3339(*order_->expires))});
  }
  switch (order_->status) {
    case OrderStatus::pending:
      if (state_ == OrderState::creating_order || state_ == OrderState::loading_order) {
        return enter(OrderState::loading_authorizations);
      }
      state_ = OrderState::awaiting_ready;  // without enter(): the polls go on counting
      return poll_later(response, now);
    case OrderStatus::ready:
      if (just_finalized || (is_resuming() && finalize_sent_)) {
        // Only a later look may show that the CA forgot the request; it has just taken it.
        enter(OrderState::awaiting_certificate);
        return poll_later(response, now);
      }
      if (finalize_attempts_ == base::kFinalizeAttemptsMax) {
        return fail_protocol("the CA takes the finalize request but leaves the order \"ready\"");
      }
      ++finalize_attempts_;
      // Before the request leaves: whoever takes the order up must look before it asks again.
      unsaved_ = unsaved_ || !finalize_sent_;
      finalize_sent_ = true;
      return enter(OrderState::finalizing);
    case OrderStatus::processing: state_ = OrderState::awaiting_certificate; return poll_later(response, now);
    case OrderStatus::valid:
      if (order_->certificate.empty()) return fail_protocol("the order is valid but names no certificate");
      return enter(OrderState::downloading);
    case OrderStatus::invalid: return fail_invalid_order();
  }
}

void OrderMachine::take_loaded_authorization(const Response& response) {
  const auto authorization = parse_authorization(response.body);
  if (!authorization) return fail(authorization.error());
  const std::string name = (authorization->wildcard ? "*." : "") + authorization->identifier.value;
  if (!names_of(*order_).contains(name) && !names_of(*order_).contains(authorization->identifier.value)) {
    return fail_protocol("the CA gave an authorization for another name: " +
                         base::printable(authorization->identifier.value, 80));
  }
  if (authorization->status == AuthorizationStatus::pending) {
    add_validation(*authorization);
  } else if (authorization->status != AuthorizationStatus::valid) {
    fail_invalid(*authorization);
  }
  if (state_ != OrderState::failed) next_authorization();
}

void OrderMachine::add_validation(const Authorization& authorization) {
  const Challenge* challenge = authorization.find_challenge(to_string(plan_.challenge_type));
  if (challenge == nullptr || authorization.wildcard) {
    return fail({ErrorCode::rejected, ErrorSource::ca, false,
                 fmt::format("the CA does not offer {} for {}{}; it offers: {}",
                             to_string(plan_.challenge_type), authorization.wildcard ? "*." : "",
                             authorization.identifier.value, offered_types(authorization))});
  }
  Validation validation{order_->authorizations[at_], authorization.identifier, *challenge};
  // An order that the CA handed out before: someone may have answered already, but the CA's later
  // requests still need the token.
  validation.answered = challenge->status != ChallengeStatus::pending;
  validations_.push_back(std::move(validation));
}

void OrderMachine::next_authorization() {
  if (++at_ < order_->authorizations.size()) return;
  enter(validations_.empty() ? OrderState::awaiting_ready : OrderState::publishing_challenges);
}

void OrderMachine::next_answer() {
  do {
    ++at_;
  } while (at_ < validations_.size() && validations_[at_].answered);
  if (at_ < validations_.size()) return;
  enter(OrderState::validating);
}

void OrderMachine::take_polled_authorization(const Response& response, base::Time now) {
  const auto authorization = parse_authorization(response.body);
  if (!authorization) return fail(authorization.error());
  Validation& validation = validations_[at_];
  if (authorization->identifier != validation.identifier) {
    return fail_protocol("the CA changed the name of an authorization while it was running");
  }
  if (authorization->status == AuthorizationStatus::valid) return next_validation();
  if (authorization->status != AuthorizationStatus::pending) return fail_invalid(*authorization);
  const Challenge* challenge = authorization->find_challenge(to_string(plan_.challenge_type));
  if (validation.answer_lost && challenge != nullptr && challenge->status == ChallengeStatus::pending) {
    // The CA never got the answer. Once more, and only once: it may also be slow to say "processing".
    validation.answer_lost = validation.answered = false;
    validation.repeated = true;
    const std::size_t again = at_;
    enter(OrderState::answering_challenges);
    at_ = again;
    return;
  }
  poll_later(response, now);
}

void OrderMachine::next_validation() {
  polls_ = 0;
  if (++at_ == validations_.size()) enter(OrderState::awaiting_ready);
}

void OrderMachine::take_chain(const Response& response) {
  chain_ = response.body;
  if (plan_.preferred_chain.empty() || chain_has_issuer(chain_, plan_.preferred_chain)) {
    return enter(OrderState::finished);
  }
  alternates_ = find_links(response.links, "alternate", order_->certificate);
  enter(alternates_.empty() ? OrderState::finished : OrderState::choosing_chain);
}

// nullptr: that one cannot be had, which is no reason to fail: the first chain is good too.
void OrderMachine::take_alternate(const Response* response) {
  if (response != nullptr && chain_has_issuer(response->body, plan_.preferred_chain)) {
    chain_ = response->body;
    return enter(OrderState::finished);
  }
  if (++at_ == alternates_.size()) enter(OrderState::finished);
}

void OrderMachine::poll_later(const Response& response, base::Time now) {
  if (++polls_ > plan_.polls_max) {
    return fail({ErrorCode::timeout, ErrorSource::ca, true,
                 fmt::format("{}: gave up after asking {} times", describe(), plan_.polls_max)});
  }
  const auto asked_for = parse_retry_after(response.retry_after, now).value_or(plan_.poll_interval);
  wait_ = std::min<std::chrono::seconds>(asked_for, base::kPollDelayMax);
}

void OrderMachine::enter(OrderState state) {
  state_ = state;
  at_ = 0;
  polls_ = 0;
}

}  // namespace cardea::acme
