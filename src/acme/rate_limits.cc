#include "acme/rate_limits.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/limits.h"
#include "base/strings.h"
#include "base/url.h"

namespace cardea::acme {
namespace {

using base::Result;
using std::chrono::seconds;

constexpr std::array<std::pair<LimitKind, std::string_view>, 4> kNames = {
    {{LimitKind::orders, "orders"},
     {LimitKind::domain, "domain"},
     {LimitKind::duplicate, "duplicate"},
     {LimitKind::failures, "failures"}}};

std::unexpected<base::Error> bad(std::string why) {
  return base::fail(base::ErrorCode::invalid, std::move(why));
}

std::optional<LimitKind> parse_kind(std::string_view word) {
  for (const auto& [kind, name] : kNames) {
    if (name == word) return kind;
  }
  return std::nullopt;
}

std::optional<Limit> parse_limit(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto count = base::parse_uint(text.substr(0, slash), base::kLedgerEventsMax);
  const auto window = base::parse_uint(text.substr(slash + 1),
                                       static_cast<std::uint64_t>(seconds{base::kLedgerWindowMax}.count()));
  if (!count || !window || *count == 0 || *window == 0) return std::nullopt;
  return Limit{*count, seconds{static_cast<seconds::rep>(*window)}};
}

Result<std::map<LimitKind, Limit>> parse_words(std::span<const std::string_view> words) {
  std::map<LimitKind, Limit> limits;
  for (const std::string_view word : words) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const auto kind = parse_kind(word.substr(0, equals));
    const auto limit = parse_limit(word.substr(std::min(equals + 1, word.size())));
    if (!kind || !limit) {
      return bad(fmt::format(
          "\"{}\" is not one of orders, domain, duplicate or failures with =COUNT/SECONDS, from 1/1 "
          "to {}/{}",
          base::printable(word, 80), base::kLedgerEventsMax, seconds{base::kLedgerWindowMax}.count()));
    }
    if (!limits.emplace(*kind, *limit).second) return bad(fmt::format("{} is there twice", to_string(*kind)));
  }
  if (limits.empty()) return bad("there is no limit");
  return limits;
}

std::vector<std::string_view> words_of(std::string_view entry) {
  std::vector<std::string_view> words;
  for (const std::string_view word : base::split(entry, ' ')) {
    if (const auto trimmed = base::trim(word); !trimmed.empty()) words.push_back(trimmed);
  }
  return words;
}

std::string duration_text(seconds duration) {
  constexpr std::array<std::pair<seconds::rep, std::string_view>, 4> kUnits = {
      {{86'400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}}};
  for (const auto& [length, unit] : kUnits) {
    if (duration.count() % length != 0) continue;
    const auto count = duration.count() / length;
    return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
  }
  return "";
}

}  // namespace

std::string_view to_string(LimitKind kind) {
  for (const auto& [known, name] : kNames) {
    if (known == kind) return name;
  }
  return "unknown";
}

Result<RateLimits> parse_rate_limits(std::string_view text) {
  RateLimits all;
  for (const std::string_view entry : base::split(text, ';')) {
    const std::vector<std::string_view> words = words_of(entry);
    if (words.empty()) continue;
    const std::string name = base::printable(words.front(), 80);
    const auto url = base::parse_url(fmt::format("https://{}/", words.front()));
    if (!url || url->path != "/" || !url->userinfo.empty()) {
      return bad(fmt::format("\"{}\" is not the host or host:port of a directory", name));
    }
    auto limits = parse_words(std::span(words).subspan(1));
    if (!limits) return base::wrap(std::move(limits.error()), "the entry for " + name);
    if (!all.emplace(url->authority(), std::move(*limits)).second) {
      return bad("there are two entries for " + url->authority());
    }
  }
  return all;
}

const Limit* find_limit(const RateLimits& limits, std::string_view authority, LimitKind kind) {
  const auto of_ca = limits.find(authority);
  if (of_ca == limits.end()) return nullptr;
  const auto limit = of_ca->second.find(kind);
  return limit == of_ca->second.end() ? nullptr : &limit->second;
}

std::string describe(LimitKind kind, const Limit& limit, std::string_view subject) {
  const std::string_view plural = limit.count == 1 ? "" : "s";
  const std::string duration = duration_text(limit.window);
  switch (kind) {
    case LimitKind::orders:
      return fmt::format("{} order{} of one account in {}", limit.count, plural, duration);
    case LimitKind::domain:
      return fmt::format("{} certificate{} for names under {} in {}", limit.count, plural, subject, duration);
    case LimitKind::duplicate:
      return fmt::format("{} certificate{} for the same names in {}", limit.count, plural, duration);
    case LimitKind::failures:
      return fmt::format("{} failed validation{} of {} in {}", limit.count, plural, subject, duration);
  }
  return "";
}

}  // namespace cardea::acme
