// Where the lines of the access log go: one thread that writes them, so that no worker ever waits for a disk
// or for who reads our standard output.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "base/line_output.h"

namespace cardea::metrics {

// Whole lines, filled by one worker, then written.
struct AccessChunk {
  std::size_t size = 0;
  std::array<char, base::kAccessChunkBytes> bytes;

  [[nodiscard]] std::size_t room() const { return bytes.size() - size; }
};

class AccessLogWriter {
 public:
  // `destination` is a path, or "-" for standard output. Error (a sentence): it cannot be opened for
  // appending, or is a FIFO that nobody reads. There are at most `chunks_max` chunks.
  static base::Result<std::unique_ptr<AccessLogWriter>> open(std::string_view destination,
                                                             std::size_t chunks_max);
  AccessLogWriter(const AccessLogWriter&) = delete;
  AccessLogWriter& operator=(const AccessLogWriter&) = delete;
  ~AccessLogWriter() { stop(); }

  // Any thread; neither waits for the writing. An empty chunk, or nullptr: all are on their way.
  [[nodiscard]] std::unique_ptr<AccessChunk> take_chunk();
  // Has it written, after those that came before.
  void submit(std::unique_ptr<AccessChunk> chunk);
  // Any thread. Has the log tell, from the writer's thread, that so many lines found no chunk.
  void note_dropped(std::uint64_t lines);

  // Any thread. Opens the path anew, soon: what was moved away (logrotate) is left to itself. What was not
  // written yet may go to either file. Does nothing for standard output.
  void reopen();
  // Writes what was submitted, for no longer than kAccessLogEndTimeout, and ends the thread. Idempotent.
  void stop();

 private:
  AccessLogWriter(std::string path, int descriptor, std::size_t chunks_max);

  using Chunks = std::vector<std::unique_ptr<AccessChunk>>;

  void run();
  void write_all(Chunks& chunks);
  void write_chunk(std::string_view bytes);
  void tell_dropped();
  void recycle(std::unique_ptr<AccessChunk> chunk);
  void open_anew();

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
  Chunks free_;
  std::size_t chunks_ = 0;     // that exist
  std::uint64_t dropped_ = 0;  // lines that the log has not told of yet
  bool reopen_wanted_ = false;
  bool stopping_ = false;
  bool has_ended_ = false;

  std::atomic<bool> given_up_ = false;  // the time for the rest is over
  std::thread thread_;
};

}  // namespace cardea::metrics
