#include "base/line_output.h"

#include <cerrno>

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cardea::base {
namespace {

// How often a write that has to wait asks whether to go on.
constexpr int kPollMilliseconds = 100;

// A pipe or terminal that is ready takes this much without blocking, also if its description is a blocking
// one that we share with others (standard output).
std::size_t find_piece_bytes_max(int descriptor, std::size_t file_piece_bytes) {
  struct stat status{};
  const bool is_file = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  return is_file ? file_piece_bytes : PIPE_BUF;
}

}  // namespace

LineOutput::LineOutput(int descriptor, std::size_t file_piece_bytes)
    : descriptor_(descriptor), piece_bytes_max_(find_piece_bytes_max(descriptor, file_piece_bytes)) {}

std::string_view LineOutput::write(std::string_view lines, const std::function<bool()>& go_on, int& error) {
  // The rest of a line that broke off must not run into the next one.
  if (torn_ && put("\n", go_on, error).empty()) torn_ = false;
  const std::string_view rest = torn_ ? lines : put(lines, go_on, error);
  if (rest.size() < lines.size() && lines[lines.size() - rest.size() - 1] != '\n') torn_ = true;
  return rest;
}

// Up to the end of a line, if there is one: others may write into the same pipe, and what they say must not
// stand in the middle of a line.
std::string_view LineOutput::next_piece(std::string_view bytes) const {
  if (bytes.size() <= piece_bytes_max_) return bytes;
  const std::string_view piece = bytes.substr(0, piece_bytes_max_);
  const std::size_t end = piece.rfind('\n');
  return end == std::string_view::npos ? piece : piece.substr(0, end + 1);
}

std::string_view LineOutput::put(std::string_view bytes, const std::function<bool()>& go_on,
                                 int& error) const {
  while (!bytes.empty() && go_on()) {
    pollfd ready{descriptor_, POLLOUT, 0};
    if (poll(&ready, 1, kPollMilliseconds) <= 0) continue;
    const std::string_view piece = next_piece(bytes);
    const ssize_t written = ::write(descriptor_, piece.data(), piece.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      error = errno;
      break;
    }
  }
  return bytes;
}

}  // namespace cardea::base
