#include "base/log_writer.h"

#include <utility>

#include <pthread.h>

#include "base/limits.h"
#include "base/line_output.h"

namespace cardea::base {

LogWriter::LogWriter(int descriptor, std::size_t bytes_max, std::string (*notice)(std::uint64_t lines))
    : descriptor_(descriptor), bytes_max_(bytes_max), notice_(notice) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "log");
}

LogWriter::~LogWriter() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void LogWriter::add(std::string_view line) {
  const std::scoped_lock lock(mutex_);
  if (waiting_.size() + line.size() > bytes_max_) {
    ++dropped_;  // without the notice, which costs most when there is no room for it
    return;
  }
  const std::string told = dropped_ > 0 ? notice_(dropped_) : std::string();
  if (waiting_.size() + told.size() + line.size() > bytes_max_) {
    ++dropped_;
    return;
  }
  dropped_ = 0;
  waiting_.append(told).append(line);
  wake_.notify_one();
}

bool LogWriter::drain(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, limit, [this] { return is_idle(); });
}

void LogWriter::run() {
  LineOutput output(descriptor_, bytes_max_);
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (is_idle()) {
      idle_.notify_all();
      wake_.wait(lock, [this] { return !is_idle() || ending_; });
      continue;
    }
    // Nobody has logged since; the notice must not wait for who does.
    if (waiting_.empty()) waiting_ = notice_(std::exchange(dropped_, 0));
    const std::string taken = std::exchange(waiting_, {});
    writing_ = true;
    lock.unlock();
    int error = 0;
    // What cannot be written at all is lost: there is no other place to say so.
    static_cast<void>(output.write(taken, [this] { return !ending_.load(); }, error));
    lock.lock();
    writing_ = false;
  }
}

}  // namespace cardea::base
