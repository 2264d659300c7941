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

  // The rest belongs to the loop's thread. What was posted since the last call, in order.
  [[nodiscard]] std::vector<Work> take();
  // Readable when there is something to take.
  [[nodiscard]] int descriptor() const { return alarm_.get(); }

 private:
  void on_ready(std::uint32_t events) override;

  FileDescriptor alarm_;  // an eventfd
  bool rung_ = false;
  std::mutex mutex_;
  std::vector<Work> posted_;  // guarded by mutex_
};

}  // namespace cardea::net
