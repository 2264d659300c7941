#include "net/inbox.h"

#include <sys/eventfd.h>

#include "base/check.h"

namespace cardea::net {

Inbox::Inbox() : alarm_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CARDEA_CHECK(alarm_.is_open(), "no descriptor left for an event loop");
}

void Inbox::post(Work work) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
    has_posted_.store(true, std::memory_order_release);
  }
  // One alarm is enough for all that is posted until it is heard.
  if (first) eventfd_write(alarm_.get(), 1);
}

void Inbox::on_ready(std::uint32_t /*events*/) {
  eventfd_t ignored = 0;
  eventfd_read(alarm_.get(), &ignored);
  run_posted();
}

void Inbox::run_posted() {
  if (!has_posted_.load(std::memory_order_acquire)) return;
  std::vector<Work> taken;
  {
    const std::scoped_lock lock(mutex_);
    has_posted_.store(false, std::memory_order_relaxed);
    taken.swap(posted_);
  }
  for (Work& work : taken) work();
}

}  // namespace cardea::net
