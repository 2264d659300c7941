// What the order machine asks of its driver, and what the driver tells it: values, no behaviour.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "acme/problem.h"
#include "base/error.h"
#include "base/limits.h"

namespace cardea::acme {

enum class ChallengeType : std::uint8_t { http_01, tls_alpn_01 };
// "http-01", "tls-alpn-01".
[[nodiscard]] std::string_view to_string(ChallengeType type);
[[nodiscard]] std::optional<ChallengeType> parse_challenge_type(std::string_view text);

struct OrderPlan {
  std::vector<std::string> domains;  // canonical
  ChallengeType challenge_type = ChallengeType::http_01;
  std::string account_thumbprint;  // crypto::jwk_thumbprint of the account key
  std::string csr_der;             // its key must be stored before the order begins
  std::string new_order_url;
  std::string order_url;       // not empty: take up this order instead of making one
  bool finalize_sent = false;  // of the order that is taken up
  std::string replaces;        // id of the certificate that is renewed (RFC 9773 §5); "": none
  std::string profile;         // "": none
  bool profile_required = true;
  std::string preferred_chain;  // common name of an issuer in the chain; "": the CA's first chain
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
  download_alternate,
};

struct Request {
  RequestKind kind;
  std::string url;
  std::string payload;  // "" = POST-as-GET
};
// Must be durable before anything else happens: after a crash the order goes on from here.
struct RememberOrder {
  std::string order_url;
  bool finalize_sent = false;
  std::string replaces;  // what the CA took, which may be less than what was asked for
  std::string profile;
};
struct PublishChallenge {
  ChallengeType type = ChallengeType::http_01;
  std::string domain;
  std::string token;
  std::string key_authorization;
};
struct Wait {
  std::chrono::seconds duration;
};
struct WithdrawChallenges {
  std::vector<PublishChallenge> challenges;
  std::chrono::seconds delay;  // the CA may ask for them until then
};
struct Finished {
  std::string pem_chain;  // not verified yet: verify_issued()
};
// Why something did not succeed at the CA: of an order, an account, a revocation.
struct Failed {
  base::Error error;
  Problem problem;                                  // empty() unless the CA sent one
  std::optional<std::chrono::seconds> retry_after;  // no new attempt before it, if the CA said so
  std::string invalid_name;                         // whose validation failed; "" if that was not the reason
  bool order_gone = false;  // the order that was to be taken up cannot be used: make a new one
};
using Action =
    std::variant<Request, RememberOrder, PublishChallenge, Wait, WithdrawChallenges, Finished, Failed>;

}  // namespace cardea::acme
