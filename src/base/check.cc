#include "base/check.h"

#include <cstdio>
#include <cstdlib>

#include "base/log.h"

namespace cardea::base {

void check_failed(std::string_view condition, std::string_view why, std::source_location where) {
  // What led here comes first. If it cannot be written, neither can this be, and the end must not wait for
  // it.
  if (!drain_log()) std::abort();
  std::fprintf(stderr, "cardea: bug: %.*s (%.*s) at %s:%u in %s\n", static_cast<int>(why.size()), why.data(),
               static_cast<int>(condition.size()), condition.data(), where.file_name(), where.line(),
               where.function_name());
  std::abort();
}

}  // namespace cardea::base
