// The thread that writes the program's log, so that no worker waits for who reads standard error.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace cardea::base {

class LogWriter {
 public:
  // `descriptor` stays the caller's. At most `bytes_max` wait to be written. `notice` makes the line that
  // says how many were dropped.
  LogWriter(int descriptor, std::size_t bytes_max, std::string (*notice)(std::uint64_t lines));
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  // What is not written yet is given up; drain() first.
  ~LogWriter();

  // Any thread; never waits for the writing. Has a line written, which ends with "\n", after those that came
  // before. Without room for it it is dropped, and the notice stands in its place.
  void add(std::string_view line);
  // Any thread but the writer's. Waits until everything is written, no longer than `limit`: true if it is.
  bool drain(std::chrono::milliseconds limit);

 private:
  void run();
  [[nodiscard]] bool is_idle() const { return waiting_.empty() && dropped_ == 0 && !writing_; }

  const int descriptor_;
  const std::size_t bytes_max_;
  std::string (*const notice_)(std::uint64_t lines);

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::string waiting_;
  std::uint64_t dropped_ = 0;  // lines that no notice has told of yet
  bool writing_ = false;

  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace cardea::base
