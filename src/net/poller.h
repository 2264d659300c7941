// Which descriptors are ready: level-triggered epoll.
//
// Not Asio's reactor: that one is edge-triggered, so each receive has to be tried before it can be waited
// for, and a proxied request pays for two receives that find nothing (8 system calls instead of 6).
// Level-triggered, a receive is made when there is something to receive, and an end of stream that came
// together with data is still reported.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <sys/epoll.h>

#include "net/file_descriptor.h"

namespace cardea::net {

// Loop thread only.
class Poller {
 public:
  // What is told that a descriptor is ready. It stays where it is for as long as it is added.
  class Watcher {
   public:
    Watcher() = default;
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    virtual ~Watcher() = default;

   private:
    friend class Poller;
    // `events` as epoll_wait(2) has them. May add, change and remove any watcher, this one included.
    virtual void on_ready(std::uint32_t events) = 0;
  };

  Poller();

  // `events` as epoll_ctl(2) has them; errors and hang-ups are always reported.
  void add(int descriptor, std::uint32_t events, Watcher& watcher);
  void change(int descriptor, std::uint32_t events, Watcher& watcher);
  // The descriptor stays open.
  void remove(int descriptor, Watcher& watcher);
  // The descriptor is about to be closed, which removes it: only events of this turn are forgotten.
  void forget(Watcher& watcher);

  // Waits for something to be ready, no longer than `limit` (negative: for ever), and tells the watchers.
  void wait(std::chrono::milliseconds limit) {
    collect(limit);
    tell();
  }
  // The two halves. In between, any watcher may be added, changed and removed.
  void collect(std::chrono::milliseconds limit);
  void tell();

 private:
  // Per system call. More are found by the next one; what is ready stays ready.
  static constexpr std::size_t kEventsPerWait = 256;

  FileDescriptor epoll_;
  std::array<epoll_event, kEventsPerWait> events_{};
  std::size_t next_ = 0;  // of the events of this turn, the first that was not told yet
  std::size_t count_ = 0;
};

}  // namespace cardea::net
