#include "base/log.h"

#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>

#include <fmt/core.h>
#include <spdlog/details/os.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log_writer.h"
#include "base/strings.h"

namespace cardea::base {
namespace {

constexpr std::size_t kLogLineBytesMax = 4096;  // a peer's text may end up in a line; keep it readable

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view color_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::debug: return "\033[36m";
    case spdlog::level::info: return "\033[32m";
    case spdlog::level::warn: return "\033[33m\033[1m";
    default: return "\033[31m\033[1m";
  }
}

// As spdlog formats it, for a terminal with its level in colour.
class LineFormatter {
 public:
  std::string format(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t bytes;
    pattern_.format(message, bytes);
    std::string line(bytes.data(), bytes.size());
    if (colored_ && message.color_range_end > message.color_range_start) {
      line.insert(message.color_range_end, "\033[m");
      line.insert(message.color_range_start, color_of(message.level));
    }
    return line;
  }

 private:
  spdlog::pattern_formatter pattern_{"%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc, "\n"};
  bool colored_ = spdlog::details::os::in_terminal(stderr) && spdlog::details::os::is_color_terminal();
};

std::string dropped_notice(std::uint64_t lines) {
  const std::string text =
      fmt::format("{} lines of this log were dropped: standard error was not read in time", lines);
  return LineFormatter().format({"cardea", spdlog::level::warn, text});
}

// Where lines go: null while who logs writes them.
std::atomic<LogWriter*> background = nullptr;

class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string line = lines_.format(message);
    if (LogWriter* writer = background) return writer->add(line);
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
  void flush_() override {}

  LineFormatter lines_;
};

spdlog::logger& logger() {
  // Never destroyed: threads that nobody waits for may log for as long as there is a process.
  static auto* const kLogger = new spdlog::logger("cardea", std::make_shared<LineSink>());
  return *kLogger;
}

}  // namespace

void set_log_level(LogLevel level) {
  logger().set_level(to_spdlog(level));
}

bool log_enabled(LogLevel level) {
  return logger().should_log(to_spdlog(level));
}

void log_line(LogLevel level, std::string_view line) {
  // printable(): a name from the network must not be able to forge a second log line.
  logger().log(to_spdlog(level), "{}", printable(line, kLogLineBytesMax));
}

BackgroundLog::BackgroundLog() {
  // Never destroyed either.
  static auto* const kWriter = new LogWriter(STDERR_FILENO, kLogBytesMax, dropped_notice);
  background = kWriter;
}

BackgroundLog::~BackgroundLog() {
  // Otherwise nobody reads, and no last line is worth waiting for ever.
  if (drain_log()) background = nullptr;
}

bool drain_log() {
  LogWriter* writer = background;
  return writer == nullptr || writer->drain(kLogEndTimeout);
}

}  // namespace cardea::base
