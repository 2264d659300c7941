// The program's own log: one line per event on standard error. Never a token, a key or a request body.
// Any thread may log. The access log is something else (metrics/).
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace cardea::base {

enum class LogLevel : std::uint8_t { debug, info, warn, error };

// While it lives, a thread of its own writes the lines, and nobody who logs ever waits for who reads standard
// error: kLogBytesMax wait, what is more is dropped and counted. Otherwise each line is written before the
// call returns. Its end writes what is left, for no longer than kLogEndTimeout. One at a time.
class BackgroundLog {
 public:
  BackgroundLog();
  BackgroundLog(const BackgroundLog&) = delete;
  BackgroundLog& operator=(const BackgroundLog&) = delete;
  ~BackgroundLog();
};
// Waits until all lines are written, no longer than kLogEndTimeout: true if they are. Any thread.
bool drain_log();

void set_log_level(LogLevel level);
[[nodiscard]] bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view line);

template <typename... Args>
void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(level)) log_line(level, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::debug, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::info, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_warn(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::warn, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::error, format, std::forward<Args>(args)...);
}

}  // namespace cardea::base
