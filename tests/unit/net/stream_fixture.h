// A Stream on one end of a socket pair; the test holds the other end as a plain descriptor.
#pragma once

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "base/limits.h"
#include "net/loop_fixture.h"
#include "net/stream.h"

namespace cardea::net {

using namespace std::chrono_literals;

class StreamTest : public LoopTest {
 protected:
  StreamTest() { open_pair(); }

  void open_pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    stream_.emplace(loop_, FileDescriptor(ends[0]), base::ErrorSource::upstream);
    peer_ = FileDescriptor(ends[1]);
  }

  Task<base::Result<bool>> read(std::chrono::milliseconds limit = 20s) {
    co_return co_await stream_->read(limit);
  }
  Task<base::Status> flush(std::chrono::milliseconds limit = 20s, RateMin rate = RateMin::none) {
    co_return co_await stream_->flush(limit, rate);
  }
  Task<bool> sleep(std::chrono::milliseconds duration) {
    co_await loop_.sleep(duration);
    co_return true;
  }

  // Takes everything that is in the stream's input.
  std::string take_input() {
    std::string bytes(stream_->input().view());
    stream_->input().consume(bytes.size());
    return bytes;
  }
  // Reads and takes until `bytes_min` came or the peer ended.
  std::string read_bytes(std::size_t bytes_min) {
    std::string bytes = take_input();
    while (bytes.size() < bytes_min) {
      auto more = run(read());
      EXPECT_TRUE(more) << more.error().to_string();
      bytes += take_input();
      if (!more || !*more) break;
    }
    return bytes;
  }

  // Gives the socket as much of `bytes` as it takes at once; returns how many.
  std::size_t peer_sends(std::string_view bytes) {
    const ssize_t sent = ::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    EXPECT_TRUE(sent >= 0 || errno == EAGAIN);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }
  // What is in the socket now; "" also at its end.
  std::string peer_takes() {
    std::string bytes(1024 * 1024, '\0');
    const ssize_t received = ::recv(peer_.get(), bytes.data(), bytes.size(), 0);
    bytes.resize(received > 0 ? static_cast<std::size_t>(received) : 0);
    return bytes;
  }
  bool peer_sees_end() {
    char byte = 0;
    return ::recv(peer_.get(), &byte, 1, MSG_PEEK) == 0;
  }
  // More than a socket pair holds, and different at every place.
  static std::string many_bytes() {
    std::string bytes(4 * 1024 * 1024, '\0');
    std::uint32_t state = 1;
    for (char& byte : bytes) {
      state = state * 1664525 + 1013904223;
      byte = static_cast<char>(state >> 24);
    }
    return bytes;
  }

  std::optional<Stream> stream_;
  FileDescriptor peer_;
};

}  // namespace cardea::net
