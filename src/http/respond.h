// Complete responses of our own: error pages, API answers, challenges.
#pragma once

#include <string_view>
#include <vector>

#include "http/exchange.h"

namespace cardea::http {

// Sends status, `fields` and `body` with its Content-Length, and X-Request-Id. Content-Type is among
// `fields`. For HEAD no body goes out. `fields` and `body` are used until the task has ended.
net::Task<void> respond(Exchange& exchange, int status, std::vector<Field> fields, std::string_view body);

// A short page in plain text: the status, one sentence, and the request's id to quote. If a response has
// begun already, aborts it instead: the one door that failures leave by. The access log gets the sentence,
// unless the record has a better one.
net::Task<void> respond_error(Exchange& exchange, int status, std::string_view sentence);

}  // namespace cardea::http
