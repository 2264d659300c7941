// Awaiting an operation that ends by calling a function: an Asio operation, a call on another loop, work on a
// pool.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

namespace cardea::net {

// co_await Callback<error_code, std::size_t>([&](auto done) { socket.async_…(…, done); })
//
// `start` gets a copyable function object to call once, on this loop's thread, with the results. If the
// waiting coroutine is destroyed first, the late call does nothing. One allocation per use: not for the
// request path.
template <typename... Results>
class Callback {
  struct State {
    std::optional<std::tuple<Results...>> results;
    std::coroutine_handle<> waiter;
    bool abandoned = false;
  };

 public:
  class Done {
   public:
    explicit Done(std::shared_ptr<State> state) : state_(std::move(state)) {}
    void operator()(Results... results) const {
      if (state_->abandoned) return;
      state_->results.emplace(std::move(results)...);
      if (state_->waiter) state_->waiter.resume();
    }

   private:
    std::shared_ptr<State> state_;
  };

  template <typename Start>
  explicit Callback(Start start) : state_(std::make_shared<State>()) {
    start(Done(state_));
  }
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;
  ~Callback() {
    state_->abandoned = true;
    state_->waiter = nullptr;
  }

  [[nodiscard]] bool await_ready() const { return state_->results.has_value(); }
  void await_suspend(std::coroutine_handle<> waiter) { state_->waiter = waiter; }
  std::tuple<Results...> await_resume() { return std::move(*state_->results); }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace cardea::net
