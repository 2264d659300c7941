#include "tls/handshake.h"

#include <algorithm>
#include <chrono>

#include "base/limits.h"
#include "net/event_loop.h"

namespace cardea::tls {

HandshakeClock::HandshakeClock() : deadline_(net::EventLoop::now() + base::kHandshakeTimeout) {}

net::Stream::Duration HandshakeClock::left() const {
  const auto left = std::chrono::ceil<net::Stream::Duration>(deadline_ - net::EventLoop::now());
  return std::max(left, net::Stream::Duration(1));
}

std::unexpected<base::Error> closed_early() {
  return base::fail(base::ErrorCode::closed, "the peer left during the TLS handshake",
                    base::ErrorSource::client);
}

net::Task<base::Status> run_handshake(net::Stream& stream, Session& session, const HandshakeClock& clock) {
  for (;;) {
    auto step = session.handshake(stream.input(), stream.output());
    if (step && *step == Session::Step::done) co_return base::Status{};
    auto sent = co_await stream.flush(clock.left());  // our flight, or the alert
    if (!step) co_return std::unexpected(step.error());
    if (!sent) co_return std::unexpected(sent.error());
    auto more = co_await stream.read(clock.left());
    if (!more) co_return std::unexpected(more.error());
    if (!*more) co_return closed_early();
  }
}

}  // namespace cardea::tls
