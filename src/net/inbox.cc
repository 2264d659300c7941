#include "net/inbox.h"

#include <utility>

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
  }
  // One alarm is enough for all that is posted until it is heard.
  if (first) eventfd_write(alarm_.get(), 1);
}

std::vector<Inbox::Work> Inbox::take() {
  std::vector<Work> taken;
  if (!std::exchange(rung_, false)) return taken;
  const std::scoped_lock lock(mutex_);
  taken.swap(posted_);
  return taken;
}

void Inbox::on_ready(std::uint32_t /*events*/) {
  eventfd_t ignored = 0;
  eventfd_read(alarm_.get(), &ignored);
  rung_ = true;
}

}  // namespace cardea::net
