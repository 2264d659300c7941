#include "metrics/access_log_writer.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <pthread.h>
#include <unistd.h>

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

std::size_t count_lines(std::string_view bytes) {
  return static_cast<std::size_t>(std::ranges::count(bytes, '\n'));
}

}  // namespace

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
  return std::unique_ptr<AccessLogWriter>(new AccessLogWriter(std::move(path), descriptor, chunks_max));
}

AccessLogWriter::AccessLogWriter(std::string path, int descriptor, std::size_t chunks_max)
    : path_(std::move(path)),
      chunks_max_(chunks_max),
      descriptor_(descriptor),
      output_(descriptor, base::kAccessChunkBytes) {
  submitted_.reserve(chunks_max);
  free_.reserve(kFreeChunksMax);
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "access-log");
}

std::unique_ptr<AccessChunk> AccessLogWriter::take_chunk() {
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

void AccessLogWriter::submit(std::unique_ptr<AccessChunk> chunk) {
  {
    const std::scoped_lock lock(mutex_);
    submitted_.push_back(std::move(chunk));
  }
  wake_.notify_one();
}

void AccessLogWriter::note_dropped(std::uint64_t lines) {
  {
    const std::scoped_lock lock(mutex_);
    dropped_ += lines;
  }
  wake_.notify_one();
}

void AccessLogWriter::recycle(std::unique_ptr<AccessChunk> chunk) {
  chunk->size = 0;
  const std::scoped_lock lock(mutex_);
  if (free_.size() < kFreeChunksMax) {
    free_.push_back(std::move(chunk));
  } else {
    --chunks_;
  }
}

void AccessLogWriter::reopen() {
  {
    const std::scoped_lock lock(mutex_);
    reopen_wanted_ = true;
  }
  wake_.notify_one();
}

void AccessLogWriter::stop() {
  if (!thread_.joinable()) return;
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
    if (!ended_.wait_for(lock, base::kAccessLogEndTimeout, [this] { return has_ended_; })) given_up_ = true;
  }
  thread_.join();
  ::close(descriptor_);
}

void AccessLogWriter::run() {
  Chunks taken;
  taken.reserve(chunks_max_);
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return !submitted_.empty() || dropped_ > 0 || reopen_wanted_ || stopping_; });
    const bool reopen = std::exchange(reopen_wanted_, false);
    taken.swap(submitted_);
    if (!reopen && taken.empty() && dropped_ == 0) break;
    lock.unlock();
    if (reopen) open_anew();
    write_all(taken);
    tell_dropped();
    lock.lock();
  }
  if (lost_lines_ > 0) base::log_warn("the last {} lines of the access log were lost", lost_lines_);
  has_ended_ = true;
  ended_.notify_one();
}

void AccessLogWriter::tell_dropped() {
  std::uint64_t lines = 0;
  {
    const std::scoped_lock lock(mutex_);
    lines = std::exchange(dropped_, 0);
  }
  if (lines > 0) {
    base::log_warn("{} lines of the access log were dropped: its destination does not keep up", lines);
  }
}

void AccessLogWriter::write_all(Chunks& chunks) {
  for (std::unique_ptr<AccessChunk>& chunk : chunks) {
    write_chunk({chunk->bytes.data(), chunk->size});
    recycle(std::move(chunk));
  }
  chunks.clear();
}

// What cannot be written is lost: the log says so once, and how much it was when the writing works again.
void AccessLogWriter::write_chunk(std::string_view bytes) {
  const auto go_on = [this] {
    tell_dropped();
    return !given_up_.load();
  };
  int error = 0;
  const std::string_view rest = output_.write(bytes, go_on, error);
  if (rest.empty()) {
    if (std::exchange(failing_, false)) {
      base::log_warn("the access log is written again; {} lines were lost", std::exchange(lost_lines_, 0));
    }
    return;
  }
  lost_lines_ += count_lines(rest);
  if (std::exchange(failing_, true) || given_up_) return;
  base::log_error("the access log cannot be written: {}; its lines are lost until it can", why(error));
}

void AccessLogWriter::open_anew() {
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
