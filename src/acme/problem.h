// What a CA says when it says no: problem documents (RFC 7807, RFC 8555 §6.7).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "base/error.h"

namespace cardea::acme {

struct Subproblem {
  std::string type;
  std::string detail;
  std::string identifier;  // the name it is about; may be empty
};

// All texts are bounded and free of control characters, but the CA chose them: escape before showing.
struct Problem {
  std::string
      type;  // "rateLimited": without "urn:ietf:params:acme:error:"; other types in full; may be empty
  std::string detail;
  int status = 0;        // of the document, else of the HTTP response; 0 if neither has one
  std::string instance;  // a page for a person to act on (RFC 8555 §6.6, userActionRequired)
  std::vector<Subproblem> subproblems;
  std::string raw;  // the first kProblemRawBytesMax bytes of the answer, for the operator

  // One sentence with the CA's own words, type and status.
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] bool is(std::string_view wanted) const { return type == wanted; }
  [[nodiscard]] bool empty() const { return type.empty() && detail.empty() && status == 0; }
};

// Never fails: an HTML page, broken JSON or nothing at all becomes a Problem with the HTTP status and a
// detail that says what came. Parameters of `content_type` do not matter.
[[nodiscard]] Problem parse_problem(int http_status, std::string_view content_type, std::string_view body);
// The "error" member of an order or challenge.
[[nodiscard]] Problem parse_problem(const boost::json::object& document);

[[nodiscard]] bool is_bad_nonce(const Problem& problem);
[[nodiscard]] bool is_rate_limited(const Problem& problem);
[[nodiscard]] bool is_order_not_ready(const Problem& problem);
[[nodiscard]] bool is_account_missing(const Problem& problem);
// The CA has closed the account that signed (RFC 8555 §7.3.6: 401 with type unauthorized).
[[nodiscard]] bool is_account_closed(const Problem& problem);
[[nodiscard]] bool is_user_action_required(const Problem& problem);
// The CA has trouble itself; the same request may succeed later.
[[nodiscard]] bool is_server_trouble(const Problem& problem);

// code rejected, source ca; retryable for badNonce, rateLimited and the CA's own trouble. `doing` begins the
// sentence: "ordering a certificate".
[[nodiscard]] base::Error to_error(const Problem& problem, std::string_view doing);

}  // namespace cardea::acme
