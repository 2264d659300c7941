// Running work on another loop or on the pool for blocking work, and coming back with its result.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "net/callback.h"
#include "net/event_loop.h"
#include "net/task.h"
#include "net/task_group.h"

namespace cardea::net {

namespace detail {

// The result of work elsewhere, or the exception that it ended by: the caller must hear of it either way.
template <typename T>
struct Outcome {
  std::optional<T> value;
  std::exception_ptr exception;

  T take() {
    if (exception) std::rethrow_exception(exception);
    return std::move(*value);
  }
};

template <typename T, typename Work, typename Done>
Task<void> run_and_return(EventLoop& home, Work work, Done done) {
  Outcome<T> outcome;
  try {
    outcome.value.emplace(co_await work());
  } catch (...) {
    outcome.exception = std::current_exception();
  }
  home.post([done, outcome = std::move(outcome)]() mutable { done(std::move(outcome)); });
}

}  // namespace detail

// A loop that others may call: tasks that come from outside run in `tasks`. Both outlive every caller's loop.
struct CallTarget {
  EventLoop& loop;
  TaskGroup& tasks;
};

// Runs `work()`, which makes a Task<T>, on `target` and returns its result on `home`, the caller's loop.
// T and the captures of `work` cross threads: values only. If the caller is destroyed meanwhile, the work is
// still done and its result dropped.
template <typename T, typename Work>
Task<T> call_on(CallTarget target, EventLoop& home, Work work) {
  auto [outcome] = co_await Callback<detail::Outcome<T>>([&](auto done) {
    target.loop.post([&tasks = target.tasks, &home, work = std::move(work), done]() mutable {
      tasks.spawn("call from another loop",
                  detail::run_and_return<T>(home, std::move(work), std::move(done)));
    });
  });
  co_return outcome.take();
}

// Runs the blocking function `work` on `pool` and returns its result on `home`. A result that comes after the
// end of the caller or of its loop is dropped.
template <typename T, typename Work>
Task<T> offload(boost::asio::thread_pool& pool, EventLoop& home, Work work) {
  auto [result] = co_await Callback<T>([&](auto done) {
    boost::asio::post(pool, [inbox = home.inbox(), work = std::move(work), done]() mutable {
      inbox->post([done, made = work()]() mutable { done(std::move(made)); });
    });
  });
  co_return std::move(result);
}

}  // namespace cardea::net
