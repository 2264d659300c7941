#include "net/poller.h"

#include <cerrno>

#include "base/check.h"

namespace cardea::net {

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  CARDEA_CHECK(epoll_.is_open(), "no descriptor left for an event loop");
}

void Poller::add(int descriptor, std::uint32_t events, Watcher& watcher) {
  epoll_event event{.events = events, .data = {.ptr = &watcher}};
  CARDEA_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0,
               "a descriptor that cannot be watched would never be served");
}

void Poller::change(int descriptor, std::uint32_t events, Watcher& watcher) {
  epoll_event event{.events = events, .data = {.ptr = &watcher}};
  CARDEA_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event) == 0,
               "a descriptor that was not added cannot be changed");
}

void Poller::remove(int descriptor, Watcher& watcher) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
  forget(watcher);
}

void Poller::forget(Watcher& watcher) {
  for (std::size_t i = next_; i < count_; ++i) {
    if (events_[i].data.ptr == &watcher) events_[i].data.ptr = nullptr;
  }
}

void Poller::collect(std::chrono::milliseconds limit) {
  const int found = epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()),
                               static_cast<int>(limit.count()));
  CARDEA_CHECK(found >= 0 || errno == EINTR, "an event loop without events cannot go on");
  next_ = 0;
  count_ = found > 0 ? static_cast<std::size_t>(found) : 0;
}

void Poller::tell() {
  while (next_ < count_) {
    const epoll_event event = events_[next_++];
    if (event.data.ptr != nullptr) static_cast<Watcher*>(event.data.ptr)->on_ready(event.events);
  }
  count_ = next_ = 0;
}

}  // namespace cardea::net
