// Where the lines of the access log go: one thread that writes them, so that no worker ever waits for a disk
// or for who reads our standard output.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <thread>

#include "base/error.h"
#include "base/limits.h"

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
  // Writes what was submitted, for no longer than kAccessLogEndTimeout, and ends the thread. One that hangs
  // in a write, of a disk or a terminal, is left behind after kAccessLogHangTimeout more. The log tells how
  // many lines were lost. Idempotent.
  void stop();

 private:
  class Core;
  explicit AccessLogWriter(std::shared_ptr<Core> core);

  const std::shared_ptr<Core> core_;  // the thread's, too: it may be left behind
  std::thread thread_;
};

}  // namespace cardea::metrics
