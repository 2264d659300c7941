#include "acme/failure.h"

#include <utility>

#include "acme/retry_after.h"

namespace cardea::acme {

std::unexpected<Failed> failure(base::Error error) {
  Failed failed;
  failed.error = std::move(error);
  return std::unexpected(std::move(failed));
}

std::unexpected<Failed> failure(const Response& response, std::string_view doing, base::Time now) {
  Failed failed;
  failed.problem = problem_of(response);
  failed.error = to_error(failed.problem, doing);
  failed.retry_after = parse_retry_after(response.retry_after, now);
  return std::unexpected(std::move(failed));
}

std::unexpected<Failed> stopped(std::string_view problem_type, std::string sentence) {
  Failed failed;
  failed.problem.type = problem_type;
  failed.problem.detail = sentence;
  failed.error = {base::ErrorCode::rejected, base::ErrorSource::ca, false, std::move(sentence)};
  return std::unexpected(std::move(failed));
}

}  // namespace cardea::acme
