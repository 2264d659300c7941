#include "net/task_group.h"

#include <exception>

#include "base/log.h"

namespace cardea::net {

TaskGroup::Root::promise_type::~promise_type() {
  if (--group.running_ == 0 && !group.cancelling_ && group.on_empty_) group.on_empty_();
}

void TaskGroup::Root::promise_type::unhandled_exception() const noexcept {
  // run() catches what a task throws; only the logging itself can bring us here.
  std::terminate();
}

TaskGroup::Root TaskGroup::run(TaskGroup& /*group*/, std::string_view name, Task<void> task) {
  try {
    co_await task;
  } catch (const std::exception& error) {
    base::log_error("{} ended by an exception: {}", name, error.what());
  }
}

void TaskGroup::spawn(std::string_view name, Task<void> task) {
  run(*this, name, std::move(task));
}

void TaskGroup::cancel_all() {
  cancelling_ = true;
  while (!roots_.empty()) {
    std::coroutine_handle<Root::promise_type>::from_promise(roots_.front()).destroy();
  }
  cancelling_ = false;
}

}  // namespace cardea::net
