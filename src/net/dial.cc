#include "net/dial.h"

#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "net/callback.h"

namespace cardea::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using GenericEndpoint = asio::generic::stream_protocol::endpoint;
using boost::system::error_code;

// Cancels whatever is under way when the time is over.
class DialTimer : public TimerWheel::Timer {
 public:
  explicit DialTimer(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
  [[nodiscard]] bool expired() const { return expired_; }

 private:
  void on_expired() override {
    expired_ = true;
    cancel_();
  }
  std::function<void()> cancel_;
  bool expired_ = false;
};

struct Attempt {
  EventLoop& loop;
  Endpoint endpoint;
  base::ErrorSource peer;

  [[nodiscard]] std::unexpected<base::Error> fail(base::ErrorCode code, std::string_view why) const {
    return base::fail_retryable(code, endpoint.to_string() + ": " + std::string(why), peer);
  }
};

Task<base::Result<std::vector<GenericEndpoint>>> resolve(Attempt& attempt, Clock::time_point deadline) {
  std::vector<GenericEndpoint> found;
  if (!attempt.endpoint.path.empty()) {
    found.emplace_back(asio::local::stream_protocol::endpoint(attempt.endpoint.path));
    co_return found;
  }
  error_code not_a_literal;
  const auto address = asio::ip::make_address(attempt.endpoint.host, not_a_literal);
  if (!not_a_literal) {
    found.emplace_back(tcp::endpoint(address, attempt.endpoint.port));
    co_return found;
  }
  tcp::resolver resolver(attempt.loop.context());
  DialTimer timer([&resolver] { resolver.cancel(); });
  attempt.loop.set_timer(timer, std::chrono::ceil<std::chrono::milliseconds>(deadline - EventLoop::now()));
  auto [error, results] = co_await Callback<error_code, tcp::resolver::results_type>([&](auto done) {
    resolver.async_resolve(attempt.endpoint.host, std::to_string(attempt.endpoint.port),
                           tcp::resolver::numeric_service, std::move(done));
  });
  if (timer.expired()) co_return attempt.fail(base::ErrorCode::timeout, "resolving the name took too long");
  if (error)
    co_return attempt.fail(base::ErrorCode::unavailable, "the name does not resolve: " + error.message());
  for (const auto& entry : results) found.emplace_back(entry.endpoint());
  co_return found;
}

Task<base::Result<Stream>> connect(Attempt& attempt, GenericEndpoint address, Clock::time_point deadline) {
  Stream::Socket socket(attempt.loop.context());
  DialTimer timer([&socket] {
    error_code ignored;
    socket.close(ignored);
  });
  attempt.loop.set_timer(timer, std::chrono::ceil<std::chrono::milliseconds>(deadline - EventLoop::now()));
  auto [error] =
      co_await Callback<error_code>([&](auto done) { socket.async_connect(address, std::move(done)); });
  if (timer.expired()) co_return attempt.fail(base::ErrorCode::timeout, "connecting took too long");
  if (error) co_return attempt.fail(base::ErrorCode::refused, "connecting failed: " + error.message());
  if (address.protocol().family() != AF_UNIX) {
    // Requests are sent whole: waiting for more would only add delay.
    socket.set_option(tcp::no_delay(true), error);
  }
  co_return Stream(attempt.loop, std::move(socket), attempt.peer);
}

}  // namespace

Task<base::Result<Stream>> dial(EventLoop& loop, Endpoint endpoint, std::chrono::milliseconds limit,
                                base::ErrorSource peer) {
  Attempt attempt{loop, std::move(endpoint), peer};
  const Clock::time_point deadline = EventLoop::now() + limit;
  auto addresses = co_await resolve(attempt, deadline);
  if (!addresses) co_return std::unexpected(addresses.error());
  base::Result<Stream> result = attempt.fail(base::ErrorCode::unavailable, "the name has no address");
  for (const GenericEndpoint& address : *addresses) {
    result = co_await connect(attempt, address, deadline);
    if (result || result.error().code == base::ErrorCode::timeout) break;
  }
  co_return std::move(result);
}

}  // namespace cardea::net
