// Whole lines for a descriptor that may be a pipe or a terminal: that nobody may read at the moment, and into
// which others may write too.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace cardea::base {

// One thread.
class LineOutput {
 public:
  // `descriptor` stays the caller's, and open. A file takes `file_piece_bytes` in one write.
  LineOutput(int descriptor, std::size_t file_piece_bytes);

  // Writes `lines`. Waits for who does not read, but in write(2) only if others fill the pipe in the same
  // moment: `go_on` is asked before each write and several times a second, and false ends it. Returns what
  // was not written, and its errno in `error` (0: `go_on` said no). After a line that broke off the next
  // write begins a new one.
  std::string_view write(std::string_view lines, const std::function<bool()>& go_on, int& error);

 private:
  std::string_view put(std::string_view bytes, const std::function<bool()>& go_on, int& error) const;
  [[nodiscard]] std::string_view next_piece(std::string_view bytes) const;

  int descriptor_;
  std::size_t piece_bytes_max_;  // of one write that cannot block
  bool torn_ = false;            // the last thing written is the begin of a line
};

}  // namespace cardea::base
