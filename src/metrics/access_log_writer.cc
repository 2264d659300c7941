#include "metrics/access_log_writer.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <pthread.h>
#include <unistd.h>

#include "base/line_output.h"
#include "base/log.h"
#include "base/strings.h"

namespace cardea::metrics {
namespace {

// Chunks that stay after a time of much traffic; the others go back to the system.
constexpr std::size_t kFreeChunksMax = 8;

std::string why(int error) {
  return std::generic_category().message(error);
}

// Not blocking: a FIFO must neither hold up the start nor a write.
int open_path(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
}

using Chunks = std::vector<std::unique_ptr<AccessChunk>>;

std::size_t count_lines(std::string_view bytes) {
  return static_cast<std::size_t>(std::ranges::count(bytes, '\n'));
}

std::size_t count_lines(const Chunks& chunks) {
  std::size_t lines = 0;
  for (const auto& chunk : chunks) lines += chunk ? count_lines({chunk->bytes.data(), chunk->size}) : 0;
  return lines;
}

}  // namespace

// What the writer and its thread share.
class AccessLogWriter::Core {
 public:
  Core(std::string path, int descriptor, std::size_t chunks_max);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  std::unique_ptr<AccessChunk> take_chunk();
  void submit(std::unique_ptr<AccessChunk> chunk);
  void note_dropped(std::uint64_t lines);
  void reopen();
  enum class End : std::uint8_t { done, hangs };
  // Waits for the end of run(). After `hangs` run() touches nothing but this object.
  End stop();

  // The thread.
  void run();

 private:
  void write_all();
  void write_chunk(std::string_view bytes);
  void tell_dropped();
  void recycle(std::unique_ptr<AccessChunk>& written);
  void open_anew();
  void abandon();

  const std::string path_;  // empty: standard output
  const std::size_t chunks_max_;

  // The writer's thread only.
  int descriptor_;
  base::LineOutput output_;     // to descriptor_
  bool failing_ = false;        // the last chunk could not be written whole
  std::size_t lost_lines_ = 0;  // since the writing began to fail

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::condition_variable ended_;
  Chunks submitted_;
  Chunks writing_;  // changed by the writer's thread only, which therefore may read it without the lock
  Chunks free_;
  std::size_t chunks_ = 0;     // that exist
  std::uint64_t dropped_ = 0;  // lines that the log has not told of yet
  bool reopen_wanted_ = false;
  bool stopping_ = false;
  bool abandoned_ = false;
  bool has_ended_ = false;

  std::atomic<bool> given_up_ = false;  // the time for the rest is over
};

base::Result<std::unique_ptr<AccessLogWriter>> AccessLogWriter::open(std::string_view destination,
                                                                     std::size_t chunks_max) {
  const bool is_file = destination != "-";
  std::string path(is_file ? destination : "");
  const int descriptor = is_file ? open_path(path) : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) {
    return base::fail(base::ErrorCode::invalid,
                      fmt::format("ACCESS_LOG: {} cannot be opened for writing: {}",
                                  is_file ? base::printable(path) : "standard output", why(errno)));
  }
  auto core = std::make_shared<Core>(std::move(path), descriptor, chunks_max);
  return std::unique_ptr<AccessLogWriter>(new AccessLogWriter(std::move(core)));
}

AccessLogWriter::AccessLogWriter(std::shared_ptr<Core> core) : core_(std::move(core)) {
  thread_ = std::thread([core = core_] { core->run(); });
  pthread_setname_np(thread_.native_handle(), "access-log");
}

std::unique_ptr<AccessChunk> AccessLogWriter::take_chunk() {
  return core_->take_chunk();
}
void AccessLogWriter::submit(std::unique_ptr<AccessChunk> chunk) {
  core_->submit(std::move(chunk));
}
void AccessLogWriter::note_dropped(std::uint64_t lines) {
  core_->note_dropped(lines);
}
void AccessLogWriter::reopen() {
  core_->reopen();
}

void AccessLogWriter::stop() {
  if (!thread_.joinable()) return;
  if (core_->stop() == Core::End::done) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

AccessLogWriter::Core::Core(std::string path, int descriptor, std::size_t chunks_max)
    : path_(std::move(path)),
      chunks_max_(chunks_max),
      descriptor_(descriptor),
      output_(descriptor, base::kAccessChunkBytes) {
  submitted_.reserve(chunks_max);
  writing_.reserve(chunks_max);
  free_.reserve(kFreeChunksMax);
}

std::unique_ptr<AccessChunk> AccessLogWriter::Core::take_chunk() {
  const std::scoped_lock lock(mutex_);
  if (!free_.empty()) {
    std::unique_ptr<AccessChunk> chunk = std::move(free_.back());
    free_.pop_back();
    return chunk;
  }
  if (chunks_ == chunks_max_) return nullptr;
  ++chunks_;
  return std::make_unique_for_overwrite<AccessChunk>();
}

void AccessLogWriter::Core::submit(std::unique_ptr<AccessChunk> chunk) {
  {
    const std::scoped_lock lock(mutex_);
    submitted_.push_back(std::move(chunk));
  }
  wake_.notify_one();
}

void AccessLogWriter::Core::note_dropped(std::uint64_t lines) {
  {
    const std::scoped_lock lock(mutex_);
    dropped_ += lines;
  }
  wake_.notify_one();
}

void AccessLogWriter::Core::recycle(std::unique_ptr<AccessChunk>& written) {
  const std::scoped_lock lock(mutex_);
  std::unique_ptr<AccessChunk> chunk = std::move(written);
  chunk->size = 0;
  if (free_.size() < kFreeChunksMax) {
    free_.push_back(std::move(chunk));
  } else {
    --chunks_;
  }
}

void AccessLogWriter::Core::reopen() {
  {
    const std::scoped_lock lock(mutex_);
    reopen_wanted_ = true;
  }
  wake_.notify_one();
}

AccessLogWriter::Core::End AccessLogWriter::Core::stop() {
  const auto ended = [this] { return has_ended_; };
  std::unique_lock lock(mutex_);
  stopping_ = true;
  wake_.notify_one();
  if (ended_.wait_for(lock, base::kAccessLogEndTimeout, ended)) return End::done;
  given_up_ = true;
  if (ended_.wait_for(lock, base::kAccessLogHangTimeout, ended)) return End::done;
  abandon();
  return End::hangs;
}

// How much of the chunk under way was written, nobody can ask.
void AccessLogWriter::Core::abandon() {
  abandoned_ = true;
  const std::uint64_t lines =
      count_lines(writing_) + count_lines(submitted_) + std::exchange(dropped_, std::uint64_t{0});
  base::log_warn("up to {} lines of the access log were lost at the end: its destination hangs", lines);
}

void AccessLogWriter::Core::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return !submitted_.empty() || dropped_ > 0 || reopen_wanted_ || stopping_; });
    const bool reopen = std::exchange(reopen_wanted_, false);
    writing_.swap(submitted_);
    if (!reopen && writing_.empty() && dropped_ == 0) break;
    lock.unlock();
    if (reopen) open_anew();
    write_all();
    tell_dropped();
    lock.lock();
    // Nobody waits any more, and the log may be gone.
    if (abandoned_) return;
  }
  lock.unlock();
  // Here and not by who waits for the end: a disk may hang in this, too.
  ::close(std::exchange(descriptor_, -1));
  lock.lock();
  if (abandoned_) return;
  if (lost_lines_ > 0) base::log_warn("the last {} lines of the access log were lost", lost_lines_);
  has_ended_ = true;
  ended_.notify_one();
}

void AccessLogWriter::Core::tell_dropped() {
  std::uint64_t lines = 0;
  {
    const std::scoped_lock lock(mutex_);
    lines = std::exchange(dropped_, 0);
  }
  if (lines > 0) {
    base::log_warn("{} lines of the access log were dropped: its destination does not keep up", lines);
  }
}

void AccessLogWriter::Core::write_all() {
  for (std::unique_ptr<AccessChunk>& chunk : writing_) {
    write_chunk({chunk->bytes.data(), chunk->size});
    recycle(chunk);
  }
  const std::scoped_lock lock(mutex_);
  writing_.clear();
}

// What cannot be written is lost: the log says so once, and how much it was when the writing works again.
void AccessLogWriter::Core::write_chunk(std::string_view bytes) {
  const auto go_on = [this] {
    if (given_up_) return false;
    tell_dropped();
    return true;
  };
  int error = 0;
  const std::string_view rest = output_.write(bytes, go_on, error);
  if (given_up_) {
    lost_lines_ += count_lines(rest);
    return;
  }
  if (rest.empty()) {
    if (std::exchange(failing_, false)) {
      base::log_warn("the access log is written again; {} lines were lost", std::exchange(lost_lines_, 0));
    }
    return;
  }
  lost_lines_ += count_lines(rest);
  if (std::exchange(failing_, true)) return;
  base::log_error("the access log cannot be written: {}; its lines are lost until it can", why(error));
}

void AccessLogWriter::Core::open_anew() {
  if (path_.empty()) return;
  const int opened = open_path(path_);
  if (opened < 0) {
    base::log_error("ACCESS_LOG: {} cannot be opened anew: {}; the old file is kept", path_, why(errno));
    return;
  }
  ::close(std::exchange(descriptor_, opened));
  output_ = base::LineOutput(opened, base::kAccessChunkBytes);
  base::log_info("ACCESS_LOG: {} was opened anew", path_);
}

}  // namespace cardea::metrics
