// What every fuzzer of a view-returning parser checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/check.h"

namespace cardea::fuzz {

inline std::string_view as_view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline void check_inside(std::string_view part, std::string_view whole) {
  if (part.empty()) return;
  const std::less_equal<const char*> not_after;
  CARDEA_CHECK(not_after(whole.data(), part.data()) &&
                   not_after(part.data() + part.size(), whole.data() + whole.size()),
               "a view must not leave the input");
}

}  // namespace cardea::fuzz
