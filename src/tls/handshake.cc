#include "tls/handshake.h"

namespace cardea::tls {

std::unexpected<base::Error> closed_early() {
  return base::fail(base::ErrorCode::closed, "the peer left during the TLS handshake",
                    base::ErrorSource::client);
}

net::Task<base::Status> run_handshake(net::Stream& stream, Session& session, const net::Deadline& deadline) {
  for (;;) {
    auto step = session.handshake(stream.input(), stream.output());
    if (step && *step == Session::Step::done) co_return base::Status{};
    auto sent = co_await stream.flush(deadline.left());  // our flight, or the alert
    if (!step) co_return std::unexpected(step.error());
    if (!sent) co_return std::unexpected(sent.error());
    auto more = co_await stream.read(deadline.left());
    if (!more) co_return std::unexpected(more.error());
    if (!*more) co_return closed_early();
  }
}

}  // namespace cardea::tls
