#include "net/dial.h"

#include <algorithm>
#include <cerrno>
#include <coroutine>
#include <system_error>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/deadline.h"
#include "net/keep_alive.h"
#include "net/race.h"
#include "net/resolver.h"

namespace cardea::net {
namespace {

struct Attempt {
  EventLoop& loop;
  Endpoint endpoint;
  base::ErrorSource peer;
  Deadline deadline;

  [[nodiscard]] std::unexpected<base::Error> fail(base::ErrorCode code, std::string_view why) const {
    return base::fail_retryable(code, endpoint.to_string() + ": " + std::string(why), peer);
  }
};

// Waits until a connect(2) under way has ended, either way.
class ConnectAwaiter final : private Poller::Watcher, private TimerWheel::Timer {
 public:
  ConnectAwaiter(EventLoop& loop, int socket, std::chrono::milliseconds limit)
      : loop_(loop), socket_(socket), limit_(limit) {}
  ~ConnectAwaiter() override {
    if (waiter_) loop_.poller().remove(socket_, *this);
  }
  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    loop_.poller().add(socket_, EPOLLOUT, *this);
    loop_.set_timer(*this, limit_);
  }
  // 0, or the errno of the attempt.
  [[nodiscard]] int await_resume() const { return error_; }

 private:
  void on_ready(std::uint32_t /*events*/) override {
    socklen_t size = sizeof error_;
    if (getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error_, &size) != 0) error_ = errno;
    finish();
  }
  void on_expired() override {
    error_ = ETIMEDOUT;
    finish();
  }
  void finish() {
    TimerWheel::clear(*this);
    loop_.poller().remove(socket_, *this);
    std::exchange(waiter_, {}).resume();
  }

  EventLoop& loop_;
  int socket_;
  std::chrono::milliseconds limit_;
  int error_ = 0;
  std::coroutine_handle<> waiter_;
};

Task<base::Result<Addresses>> find_addresses(Attempt& attempt) {
  if (!attempt.endpoint.path.empty()) {
    auto local = SocketAddress::from_path(attempt.endpoint.path);
    if (!local) co_return attempt.fail(base::ErrorCode::invalid, "the path is too long for a Unix socket");
    co_return Addresses{*local};
  }
  boost::system::error_code not_a_literal;
  const auto literal = boost::asio::ip::make_address(attempt.endpoint.host, not_a_literal);
  if (!not_a_literal) co_return Addresses{SocketAddress::from_ip(literal, attempt.endpoint.port)};
  auto found = co_await with_deadline<base::Result<Addresses>>(
      attempt.loop, attempt.deadline.left(),
      resolve(attempt.loop, attempt.endpoint.host, attempt.endpoint.port));
  if (!found) co_return attempt.fail(base::ErrorCode::timeout, "resolving the name took too long");
  if (!*found) co_return attempt.fail(found->error().code, found->error().context);
  co_return std::move(**found);
}

Task<base::Result<Stream>> connect(Attempt& attempt, SocketAddress address, std::chrono::milliseconds limit) {
  FileDescriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open())
    co_return attempt.fail(base::ErrorCode::unavailable, std::generic_category().message(errno));
  if (address.family() != AF_UNIX) {
    const int on = 1;  // requests are sent whole: waiting for more would only add delay
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    enable_keep_alive(socket.get());
  }
  int error = ::connect(socket.get(), address.data(), address.size()) == 0 ? 0 : errno;
  if (error == EINPROGRESS) error = co_await ConnectAwaiter(attempt.loop, socket.get(), limit);
  if (error == ETIMEDOUT) co_return attempt.fail(base::ErrorCode::timeout, "connecting took too long");
  if (error != 0) {
    co_return attempt.fail(base::ErrorCode::refused,
                           "connecting failed: " + std::generic_category().message(error));
  }
  co_return Stream(attempt.loop, std::move(socket), attempt.peer);
}

}  // namespace

Task<base::Result<Stream>> dial(EventLoop& loop, Endpoint endpoint, std::chrono::milliseconds limit,
                                base::ErrorSource peer) {
  Attempt attempt{loop, std::move(endpoint), peer, Deadline(limit)};
  auto addresses = co_await find_addresses(attempt);
  if (!addresses) co_return std::unexpected(addresses.error());
  co_return co_await dial_any(loop, std::move(*addresses), attempt.endpoint, attempt.deadline, peer);
}

Task<base::Result<Stream>> dial_any(EventLoop& loop, Addresses addresses, Endpoint endpoint,
                                    Deadline deadline, base::ErrorSource peer) {
  Attempt attempt{loop, std::move(endpoint), peer, deadline};
  base::Result<Stream> result = attempt.fail(base::ErrorCode::unavailable, "the name has no address");
  auto untried = static_cast<std::chrono::milliseconds::rep>(addresses.size());
  for (const SocketAddress& address : addresses) {
    // One that is silent leaves the others their share of the time.
    const auto share = std::max(attempt.deadline.left() / untried--, std::chrono::milliseconds(1));
    result = co_await connect(attempt, address, share);
    if (result || deadline.passed()) break;
  }
  co_return std::move(result);
}

}  // namespace cardea::net
