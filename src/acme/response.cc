#include "acme/response.h"

#include "acme/link.h"

namespace cardea::acme {

Problem problem_of(const Response& response) {
  Problem problem = parse_problem(response.status, response.content_type, response.body);
  if (problem.instance.empty()) problem.instance = find_link(response.links, "terms-of-service");
  return problem;
}

}  // namespace cardea::acme
