#include "base/clock.h"

#include <array>
#include <ctime>

#include <fmt/core.h>

#include "base/strings.h"

namespace cardea::base {
namespace {

std::tm broken_down(Time time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  const auto value = parse_uint(text.substr(at, count));
  if (!value) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<Time> make_time(int year, int month, int day, int hour, int minute, int second) {
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  // 60 is a leap second (RFC 3339 §5.7).
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return Time{std::chrono::sys_days{date}} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second};
}

constexpr std::array<const char*, 3> kHttpDateFormats = {
    "%a, %d %b %Y %H:%M:%S GMT",  // IMF-fixdate
    "%A, %d-%b-%y %H:%M:%S GMT",  // RFC 850
    "%a %b %d %H:%M:%S %Y",       // asctime
};

}  // namespace

Time now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::string to_rfc3339(Time time) {
  const std::tm t = broken_down(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                     t.tm_hour, t.tm_min, t.tm_sec);
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  auto time = make_time(*year, *month, *day, *hour, *minute, *second);
  std::string_view zone = text.substr(19);
  if (zone.starts_with('.')) {
    zone.remove_prefix(1);
    if (zone.empty() || !is_digit(zone.front())) return std::nullopt;
    while (!zone.empty() && is_digit(zone.front())) zone.remove_prefix(1);
  }
  if (!time || zone == "Z" || zone == "z") return time;
  const auto offset_hours = digits(zone, 1, 2), offset_minutes = digits(zone, 4, 2);
  if (zone.size() != 6 || zone[3] != ':' || !offset_hours || !offset_minutes) return std::nullopt;
  const auto offset = std::chrono::hours{*offset_hours} + std::chrono::minutes{*offset_minutes};
  if (zone[0] == '+') return *time - offset;
  if (zone[0] == '-') return *time + offset;
  return std::nullopt;
}

std::optional<Time> parse_http_date(std::string_view text) {
  const std::string terminated(text);
  for (const char* format : kHttpDateFormats) {
    std::tm parts{};
    const char* end = strptime(terminated.c_str(), format, &parts);
    if (end != terminated.c_str() + terminated.size())
      continue;  // null, or text is left, perhaps after a NUL
    return make_time(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                     parts.tm_sec);
  }
  return std::nullopt;
}

std::string to_http_date(Time time) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm t = broken_down(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[static_cast<std::size_t>(t.tm_wday)],
                     t.tm_mday, kMonths[static_cast<std::size_t>(t.tm_mon)], t.tm_year + 1900, t.tm_hour,
                     t.tm_min, t.tm_sec);
}

}  // namespace cardea::base
