// Making a Failed of what went wrong outside of the order machine.
#pragma once

#include <expected>
#include <string_view>

#include "acme/order_actions.h"
#include "acme/response.h"
#include "base/clock.h"
#include "base/error.h"

namespace cardea::acme {

template <typename T>
using Attempted = std::expected<T, Failed>;

[[nodiscard]] std::unexpected<Failed> failure(base::Error error);
// The CA refused; `doing` begins the sentence. Keeps its Retry-After.
[[nodiscard]] std::unexpected<Failed> failure(const Response& response, std::string_view doing,
                                              base::Time now);
// Only a person can go on: no attempt is made before somebody asks for one.
[[nodiscard]] std::unexpected<Failed> stopped(std::string_view problem_type, std::string sentence);

}  // namespace cardea::acme
