// What a CA answered, as far as ACME looks at it.
#pragma once

#include <string>
#include <vector>

#include "acme/problem.h"

namespace cardea::acme {

struct Response {
  int status = 0;
  std::string location;
  std::string retry_after;
  std::string content_type;
  std::string body;
  std::vector<std::string> links;  // values of Link fields
};

[[nodiscard]] inline bool is_success(const Response& response) {
  return response.status >= 200 && response.status < 300;
}

// What an answer that is no success says. Terms of service to agree to, which stand in a Link field
// (RFC 8555 §7.3.3), become the problem's instance.
[[nodiscard]] Problem problem_of(const Response& response);

}  // namespace cardea::acme
