// The words of order_machine.h: how an order failed, and what it is doing.
#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "acme/order_machine.h"

namespace cardea::acme {
namespace {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;

constexpr std::array<std::pair<ChallengeType, std::string_view>, 2> kChallengeTypes = {
    {{ChallengeType::http_01, "http-01"}, {ChallengeType::tls_alpn_01, "tls-alpn-01"}}};

}  // namespace

std::string_view to_string(ChallengeType type) {
  for (const auto& [known, name] : kChallengeTypes) {
    if (known == type) return name;
  }
  return "unknown";
}

std::optional<ChallengeType> parse_challenge_type(std::string_view text) {
  for (const auto& [type, name] : kChallengeTypes) {
    if (name == text) return type;
  }
  return std::nullopt;
}

void OrderMachine::fail(Error error, Problem problem) {
  wait_.reset();
  failed_step_ = step();
  const bool gone = is_resuming() && !error.retryable;
  failed_ = Failed{std::move(error), std::move(problem), retry_after_, invalid_name_, gone};
  enter(OrderState::failed);
}

void OrderMachine::fail_protocol(std::string what) {
  fail({ErrorCode::protocol, ErrorSource::ca, false, std::move(what)});
}

void OrderMachine::fail_invalid(const Authorization& authorization) {
  const auto refused = std::ranges::find_if(
      authorization.challenges, [](const Challenge& challenge) { return challenge.error.has_value(); });
  Problem problem;
  if (refused != authorization.challenges.end()) problem = *refused->error;
  const std::string why = problem.empty()
                              ? fmt::format("the authorization is {}", to_string(authorization.status))
                              : problem.to_text();
  invalid_name_ = authorization.identifier.value;
  fail({ErrorCode::rejected, ErrorSource::ca, false,
        fmt::format("the CA could not validate {}: {}", authorization.identifier.value, why)},
       std::move(problem));
}

void OrderMachine::fail_invalid_order() {
  Problem problem = order_->error.value_or(Problem{});
  const std::string why = problem.empty() ? "it gave no reason" : problem.to_text();
  fail({ErrorCode::rejected, ErrorSource::ca, false, "the CA refused the order: " + why}, std::move(problem));
}

std::string OrderMachine::describe() const {
  using enum OrderState;
  const std::string& first = plan_.domains.front();
  switch (state_) {
    case creating_order: return "Ordering a certificate for " + first;
    case loading_order: return "Taking up the order for " + first;
    case loading_authorizations:
      return fmt::format("Asking the CA what to prove ({} of {})", at_ + 1, order_->authorizations.size());
    case publishing_challenges: return "Publishing the challenge for " + validations_[at_].identifier.value;
    case answering_challenges: return "Asking the CA to validate " + validations_[at_].identifier.value;
    case validating: return "Waiting for the CA to validate " + validations_[at_].identifier.value;
    case awaiting_ready: return "Waiting for the CA to accept the validations for " + first;
    case finalizing: return "Sending the certificate request for " + first;
    case awaiting_certificate: return "Waiting for the CA to issue the certificate for " + first;
    case downloading: return "Downloading the certificate for " + first;
    case choosing_chain: return fmt::format("Looking for a chain of {}", plan_.preferred_chain);
    case finished: return "The certificate for " + first + " has arrived";
    case failed: return "Failed: " + failed_->error.context;
  }
  return "";
}

std::string_view OrderMachine::step() const {
  using enum OrderState;
  switch (state_) {
    case creating_order:
    case loading_order: return "order";
    case loading_authorizations:
    case publishing_challenges:
    case answering_challenges:
    case validating:
    case awaiting_ready: return "validation";
    case finalizing:
    case awaiting_certificate: return "finalisation";
    case downloading:
    case choosing_chain:
    case finished: return "download";
    case failed: return failed_step_;
  }
  return "";
}

}  // namespace cardea::acme
