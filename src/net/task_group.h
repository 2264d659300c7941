// The owner of every coroutine that nobody awaits. Spawn only through a group: when the group ends, its
// coroutines end with it, and whoever drains can see how many still run.
#pragma once

#include <coroutine>
#include <cstddef>
#include <functional>
#include <string_view>

#include <boost/intrusive/list.hpp>

#include "net/task.h"

namespace cardea::net {

// Loop thread only. The destructor destroys what still runs (see Task); it never waits.
class TaskGroup {
 public:
  TaskGroup() = default;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup() { cancel_all(); }

  // Starts `task` at once and owns it until it ends. An exception that leaves it is logged with `name`.
  void spawn(std::string_view name, Task<void> task);
  // Destroys all running tasks. Not from inside one of them.
  void cancel_all();
  [[nodiscard]] std::size_t size() const { return running_; }
  // Called each time the last task ended.
  void on_empty(std::function<void()> callback) { on_empty_ = std::move(callback); }

 private:
  class Root {
   public:
    struct promise_type
        : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
      promise_type(TaskGroup& owner, std::string_view /*name*/, Task<void>& /*task*/) : group(owner) {
        group.roots_.push_back(*this);
        ++group.running_;
      }
      ~promise_type();
      promise_type(const promise_type&) = delete;
      promise_type& operator=(const promise_type&) = delete;

      Root get_return_object() const { return {}; }
      [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
      [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
      void return_void() const {}
      void unhandled_exception() const noexcept;
      static void* operator new(std::size_t bytes) { return FramePool::allocate(bytes); }
      static void operator delete(void* frame, std::size_t bytes) noexcept {
        FramePool::release(frame, bytes);
      }

      TaskGroup& group;
    };
  };
  static Root run(TaskGroup& group, std::string_view name, Task<void> task);

  using Roots = boost::intrusive::list<Root::promise_type, boost::intrusive::constant_time_size<false>>;
  Roots roots_;
  std::size_t running_ = 0;
  bool cancelling_ = false;
  std::function<void()> on_empty_;
};

}  // namespace cardea::net
