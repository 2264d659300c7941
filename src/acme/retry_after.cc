#include "acme/retry_after.h"

#include <algorithm>

#include "base/limits.h"
#include "base/strings.h"

namespace cardea::acme {
namespace {

using std::chrono::seconds;

constexpr std::size_t kHttpDateBytesMax = 64;

}  // namespace

std::optional<seconds> parse_retry_after(std::string_view value, base::Time now) {
  constexpr seconds kMin = base::kRetryAfterMin;
  constexpr seconds kMax = base::kRetryAfterMax;
  const std::string_view text = base::trim(value);
  if (text.empty()) return std::nullopt;
  if (std::ranges::all_of(text, [](char c) { return base::is_digit(c); })) {
    const auto count = base::parse_uint(text, static_cast<std::uint64_t>(kMax.count()));
    if (!count) return kMax;  // more than we wait, however many digits it has
    return std::max(kMin, seconds{static_cast<seconds::rep>(*count)});
  }
  if (text.size() > kHttpDateBytesMax) return std::nullopt;
  const auto date = base::parse_http_date(text);
  if (!date) return std::nullopt;
  return std::clamp(seconds{*date - now}, kMin, kMax);
}

}  // namespace cardea::acme
