// What is known about one exchange beside its request and response.
#pragma once

#include <string_view>

#include "http/request_id.h"

namespace cardea::http {

// Lives with its exchange. Loop thread only.
struct ExchangeRecord {
  RequestId own_id{};
  std::string_view id;  // the one that counts: own_id, or a trusted proxy's
};

}  // namespace cardea::http
