#include "metrics/access_log_writer.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cardea::metrics {
namespace {

namespace fs = std::filesystem;

class AccessLogFile : public testing::Test {
 protected:
  AccessLogFile() {
    std::string name = (fs::temp_directory_path() / "cardea-log-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~AccessLogFile() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::string content(const char* name) const {
    std::ifstream file(folder_ / name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static void write(AccessLogWriter& writer, std::string_view text) {
    auto chunk = writer.take_chunk();
    ASSERT_TRUE(chunk);
    ASSERT_EQ(chunk->size, 0U);
    std::memcpy(chunk->bytes.data(), text.data(), text.size());
    chunk->size = text.size();
    writer.submit(std::move(chunk));
  }

  fs::path folder_;
};

TEST_F(AccessLogFile, HoldsWhatWasSubmittedInItsOrder) {
  auto writer = AccessLogWriter::open(path("log"), 8);
  ASSERT_TRUE(writer) << writer.error().context;
  write(**writer, "one\n");
  write(**writer, "two\nthree\n");
  (*writer)->stop();
  EXPECT_EQ(content("log"), "one\ntwo\nthree\n");
}

TEST_F(AccessLogFile, IsAppendedTo) {
  for (const char* line : {"one\n", "two\n"}) {
    auto writer = AccessLogWriter::open(path("log"), 8);
    ASSERT_TRUE(writer);
    write(**writer, line);
  }
  EXPECT_EQ(content("log"), "one\ntwo\n");
}

TEST_F(AccessLogFile, IsNotReadableForEverybody) {
  auto writer = AccessLogWriter::open(path("log"), 8);
  ASSERT_TRUE(writer);
  EXPECT_EQ(fs::status(path("log")).permissions() & fs::perms::others_all, fs::perms::none);
}

TEST_F(AccessLogFile, IsOpenedAnewAfterItWasMovedAway) {
  auto writer = AccessLogWriter::open(path("log"), 8);
  ASSERT_TRUE(writer);
  write(**writer, "old\n");
  while (content("log").empty()) std::this_thread::yield();
  fs::rename(path("log"), path("log.1"));
  (*writer)->reopen();
  while (!fs::exists(path("log"))) std::this_thread::yield();
  write(**writer, "new\n");
  (*writer)->stop();
  EXPECT_EQ(content("log.1"), "old\n");
  EXPECT_EQ(content("log"), "new\n");
}

TEST_F(AccessLogFile, StaysOpenWhenItCannotBeOpenedAnew) {
  fs::create_directory(folder_ / "logs");
  auto writer = AccessLogWriter::open(path("logs/log"), 8);
  ASSERT_TRUE(writer);
  fs::rename(folder_ / "logs", folder_ / "gone");
  (*writer)->reopen();
  write(**writer, "line\n");
  (*writer)->stop();
  EXPECT_EQ(content("gone/log"), "line\n");
}

TEST_F(AccessLogFile, MustBeOneThatCanBeWritten) {
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  for (const std::string& bad : {path("no/such/folder"), folder_.string(), path("fifo")}) {
    const auto writer = AccessLogWriter::open(bad, 8);
    ASSERT_FALSE(writer) << bad;
    EXPECT_TRUE(writer.error().context.starts_with("ACCESS_LOG: " + bad + " cannot be opened for writing: "))
        << writer.error().context;
  }
}

// Reads what comes through a FIFO.
class Fifo {
 public:
  explicit Fifo(const std::string& path) {
    EXPECT_TRUE(mkfifo(path.c_str(), 0600) == 0 || errno == EEXIST);
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    EXPECT_GE(descriptor_, 0);
  }
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;
  ~Fifo() { ::close(descriptor_); }

  // Then it holds one page.
  void make_small() const { EXPECT_GT(fcntl(descriptor_, F_SETPIPE_SZ, 4096), 0); }
  // What is there now.
  void read(std::string& text) const {
    std::array<char, 65536> bytes{};
    for (ssize_t got = 0; (got = ::read(descriptor_, bytes.data(), bytes.size())) > 0;) {
      text.append(bytes.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  int descriptor_ = -1;
};

TEST_F(AccessLogFile, HasOnlySoManyChunksForAReaderThatDoesNotRead) {
  const Fifo fifo(path("fifo"));
  auto writer = AccessLogWriter::open(path("fifo"), 4);
  ASSERT_TRUE(writer) << writer.error().context;
  const std::string line = std::string(base::kAccessChunkBytes - 1, 'x') + "\n";
  // A pipe takes one of them whole; then nothing moves.
  std::size_t submitted = 0;
  while (auto chunk = (*writer)->take_chunk()) {
    std::memcpy(chunk->bytes.data(), line.data(), line.size());
    chunk->size = line.size();
    (*writer)->submit(std::move(chunk));
    ++submitted;
    ASSERT_LT(submitted, 100U);
  }
  EXPECT_GE(submitted, 4U);
  std::string text;
  while (text.size() < submitted * line.size()) fifo.read(text);
  EXPECT_EQ(text.substr(text.size() - line.size()), line) << "nothing is lost of what was submitted";
  EXPECT_TRUE((*writer)->take_chunk()) << "and there is room again";
}

TEST_F(AccessLogFile, EndsInTimeForAReaderThatDoesNotRead) {
  const Fifo fifo(path("fifo"));
  auto writer = AccessLogWriter::open(path("fifo"), 4);
  ASSERT_TRUE(writer);
  while (auto chunk = (*writer)->take_chunk()) {
    std::memset(chunk->bytes.data(), 'x', chunk->bytes.size());
    chunk->size = chunk->bytes.size();
    (*writer)->submit(std::move(chunk));
  }
  (*writer)->stop();  // or the test never ends
}

// Standard output is a pipe that keeps every write apart from the others (O_DIRECT), for as long as this
// lives.
class PacketOutput {
 public:
  PacketOutput() : kept_(::dup(STDOUT_FILENO)) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_DIRECT | O_CLOEXEC), 0);
    EXPECT_EQ(::dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    ::close(ends[1]);
    read_end_ = ends[0];
  }
  PacketOutput(const PacketOutput&) = delete;
  PacketOutput& operator=(const PacketOutput&) = delete;
  ~PacketOutput() {
    ::dup2(kept_, STDOUT_FILENO);
    ::close(kept_);
    ::close(read_end_);
  }

  // One write, whole.
  [[nodiscard]] std::string read() const {
    std::array<char, 65536> bytes{};
    const ssize_t got = ::read(read_end_, bytes.data(), bytes.size());
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }

 private:
  int kept_;
  int read_end_ = -1;
};

// Standard output is a terminal that nobody reads, for as long as this lives. It says that it can be written
// to as long as it takes a single byte, and the write then waits.
class SilentTerminal {
 public:
  SilentTerminal() : kept_(::dup(STDOUT_FILENO)), master_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_GE(master_, 0);
    EXPECT_EQ(grantpt(master_), 0);
    EXPECT_EQ(unlockpt(master_), 0);
    const int slave = ::open(ptsname(master_), O_WRONLY | O_NOCTTY | O_CLOEXEC);
    EXPECT_EQ(::dup2(slave, STDOUT_FILENO), STDOUT_FILENO);
    ::close(slave);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  // Whoever hangs in a write gets an error.
  ~SilentTerminal() {
    ::dup2(kept_, STDOUT_FILENO);
    ::close(kept_);
    ::close(master_);
  }

 private:
  int kept_;
  int master_;
};

TEST(AccessLogOutput, IsLeftToItselfAtTheEndIfItHangs) {
  const SilentTerminal output;
  auto writer = AccessLogWriter::open("-", 8);
  ASSERT_TRUE(writer);
  testing::internal::CaptureStderr();
  std::size_t submitted = 0;
  std::string line = std::string(999, 'x') + "\n";
  while (auto chunk = (*writer)->take_chunk()) {
    for (; chunk->room() >= line.size(); chunk->size += line.size(), ++submitted) {
      std::ranges::copy(line, chunk->bytes.begin() + static_cast<std::ptrdiff_t>(chunk->size));
    }
    (*writer)->submit(std::move(chunk));
  }
  (*writer)->stop();  // or the test never ends
  (*writer)->stop();
  const std::string log = testing::internal::GetCapturedStderr();
  constexpr std::string_view kBefore = "up to ";
  const std::size_t at = log.find(kBefore);
  ASSERT_NE(at, std::string::npos) << log;
  std::istringstream rest(log.substr(at + kBefore.size()));
  std::size_t lost = 0;
  std::string after;
  rest >> lost;
  std::getline(rest, after);
  EXPECT_EQ(after, " lines of the access log were lost at the end: its destination hangs");
  EXPECT_GT(lost, 0U);
  EXPECT_LE(lost, submitted);
}

TEST(AccessLogOutput, IsWrittenInWholeLinesBecauseOthersMayWriteThereToo) {
  const PacketOutput output;
  auto writer = AccessLogWriter::open("-", 8);
  ASSERT_TRUE(writer);
  std::string lines;
  while (lines.size() < 20'000) lines += std::string(333, 'x') + "\n";
  auto chunk = (*writer)->take_chunk();
  std::ranges::copy(lines, chunk->bytes.begin());
  chunk->size = lines.size();
  (*writer)->submit(std::move(chunk));
  std::string text;
  while (text.size() < lines.size()) {
    const std::string piece = output.read();
    ASSERT_TRUE(piece.ends_with("\n")) << "cut after " << piece.size() << " bytes";
    text += piece;
  }
  EXPECT_EQ(text, lines);
}

TEST_F(AccessLogFile, GoesOnWithWholeLinesAfterAReaderBrokeOff) {
  std::signal(SIGPIPE, SIG_IGN);
  auto reader = std::make_unique<Fifo>(path("fifo"));
  reader->make_small();
  auto writer = AccessLogWriter::open(path("fifo"), 1);
  ASSERT_TRUE(writer);
  write(**writer, std::string(base::kAccessChunkBytes - 1, 'x') + "\n");
  std::string text;
  while (text.empty()) reader->read(text);
  reader.reset();
  // The only chunk comes back when the writer has seen that nobody reads.
  std::unique_ptr<AccessChunk> chunk;
  while (!(chunk = (*writer)->take_chunk())) std::this_thread::yield();
  reader = std::make_unique<Fifo>(path("fifo"));
  constexpr std::string_view kLine = "whole\n";
  std::ranges::copy(kLine, chunk->bytes.begin());
  chunk->size = kLine.size();
  (*writer)->submit(std::move(chunk));
  while (!text.ends_with(kLine)) reader->read(text);
  EXPECT_TRUE(text.ends_with("x\nwhole\n"));
}

}  // namespace
}  // namespace cardea::metrics
