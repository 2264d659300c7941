#include "base/log_writer.h"

#include <array>
#include <cstdlib>
#include <sstream>

#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"

namespace cardea::base {
namespace {

using namespace std::chrono_literals;

std::string notice(std::uint64_t lines) {
  return fmt::format("dropped {}\n", lines);
}

// A pipe of one page, whose writing end blocks, as standard error does.
class Pipe {
 public:
  Pipe() {
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0);
    EXPECT_EQ(fcntl(ends_[0], F_SETFL, O_NONBLOCK), 0);
    EXPECT_GT(fcntl(ends_[0], F_SETPIPE_SZ, 4096), 0);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  [[nodiscard]] int in() const { return ends_[1]; }
  // What is there now.
  void read(std::string& text) const {
    std::array<char, 65536> bytes{};
    for (ssize_t got = 0; (got = ::read(ends_[0], bytes.data(), bytes.size())) > 0;) {
      text.append(bytes.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  std::array<int, 2> ends_{};
};

TEST(LogWriter, WritesLinesInTheirOrder) {
  const Pipe pipe;
  LogWriter writer(pipe.in(), 1000, notice);
  writer.add("one\n");
  writer.add("two\n");
  EXPECT_TRUE(writer.drain(20s));
  std::string text;
  pipe.read(text);
  EXPECT_EQ(text, "one\ntwo\n");
}

TEST(LogWriter, DropsAndCountsWhatNobodyReadsAndSaysSoInItsPlace) {
  const Pipe pipe;
  LogWriter writer(pipe.in(), 10'000, notice);
  constexpr std::size_t kLines = 1000;
  for (std::size_t i = 0; i < kLines; ++i) writer.add(fmt::format("{:0>99}\n", i));
  EXPECT_FALSE(writer.drain(1ms)) << "nobody reads";
  std::string text;
  while (!writer.drain(1ms)) pipe.read(text);
  pipe.read(text);
  std::istringstream lines(text);
  std::size_t next = 0;
  std::size_t notices = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("dropped ")) {
      next += std::stoul(line.substr(8));
      ++notices;
    } else {
      EXPECT_EQ(line, fmt::format("{:0>99}", next++));
    }
  }
  EXPECT_EQ(next, kLines);
  EXPECT_GT(notices, 0U);
}

TEST(LogWriter, EndsWhileNobodyReads) {
  const Pipe pipe;
  LogWriter writer(pipe.in(), 10'000, notice);
  for (int i = 0; i < 200; ++i) writer.add(std::string(99, 'x') + "\n");
  EXPECT_FALSE(writer.drain(1ms));
}

TEST(BackgroundLogDeathTest, WritesWhatLedToABugBeforeIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        const BackgroundLog log;
        for (int i = 0; i < 100; ++i) log_warn("line {}", i);
        CARDEA_CHECK(false, "it is a test");
      },
      "warning line 99\ncardea: bug: it is a test");
}

TEST(BackgroundLogDeathTest, WritesWhatIsLeftAtItsEnd) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        {
          const BackgroundLog log;
          for (int i = 0; i < 100; ++i) log_warn("line {}", i);
        }
        log_warn("the last one");
        std::_Exit(0);
      },
      testing::ExitedWithCode(0), "warning line 99\n.* warning the last one\n");
}

}  // namespace
}  // namespace cardea::base
