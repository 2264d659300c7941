// What other threads want a loop to run. It may outlive its loop: work that comes too late is dropped, not
// run.
#pragma once

#include <atomic>
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

  // The rest belongs to the loop's thread. Runs what was posted, in order. To be called when the poller has
  // found something and before any of it is served: who was told of a change by the thread that posted it,
  // and asks for it, is then served by it. Costs one load when there is nothing.
  void run_posted();
  // Readable when there may be something to run.
  [[nodiscard]] int descriptor() const { return alarm_.get(); }

 private:
  // Runs what was posted meanwhile: the alarm that is heard here may have been for that.
  void on_ready(std::uint32_t events) override;

  FileDescriptor alarm_;  // an eventfd
  std::atomic<bool> has_posted_ = false;
  std::mutex mutex_;
  std::vector<Work> posted_;  // guarded by mutex_
};

}  // namespace cardea::net
