// Assertions that stay on in release: a broken invariant is our bug, and going on could corrupt or leak.
#pragma once

#include <source_location>
#include <string_view>

namespace cardea::base {

[[noreturn]] void check_failed(std::string_view condition, std::string_view why,
                               std::source_location where = std::source_location::current());

}  // namespace cardea::base

// `why` says what the invariant protects, so that a crash report can be read without the source.
#define CARDEA_CHECK(condition, why)                 \
  do {                                               \
    if (!(condition)) [[unlikely]]                   \
      ::cardea::base::check_failed(#condition, why); \
  } while (false)
