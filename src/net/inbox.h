// What other threads want a loop to run. It may outlive its loop: work that comes too late is dropped, not
// run.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "net/poller.h"

namespace cardea::net {

class Inbox final : public Poller::Watcher {
 public:
  using Work = std::move_only_function<void()>;

  Inbox();

  // Any thread. Wakes the loop.
  void post(Work work);

  // Readable when there is something to run.
  [[nodiscard]] int descriptor() const { return alarm_.get(); }

 private:
  // On the loop's thread: runs what was posted, in order, and in order with what else the poller found. Who
  // was told of a change by the thread that posted it, and asks for it, is then served by it.
  void on_ready(std::uint32_t events) override;

  FileDescriptor alarm_;  // an eventfd
  std::mutex mutex_;
  std::vector<Work> posted_;  // guarded by mutex_
};

}  // namespace cardea::net
