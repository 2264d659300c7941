#include "tls/handshake.h"

namespace cardea::tls {

std::unexpected<base::Error> closed_early() {
  return base::fail(base::ErrorCode::closed, "the peer left during the TLS handshake",
                    base::ErrorSource::client);
}

net::Task<base::Status> run_handshake(net::Stream& stream, std::unique_ptr<Session>& session,
                                      const net::Deadline& deadline, HandshakeThread* thread) {
  for (;;) {
    auto step = thread == nullptr ? session->handshake(stream.input(), stream.output())
                                  : co_await thread->step(stream, session, deadline);
    if (step && *step == Session::Step::done) co_return base::Status{};
    auto sent = co_await stream.flush(deadline.left());  // our flight, or the alert
    if (!step) co_return std::unexpected(step.error());
    if (!sent) co_return std::unexpected(sent.error());
    auto more = co_await stream.read(deadline.left());
    if (!more) co_return std::unexpected(more.error());
    if (!*more) co_return closed_early();
    if (deadline.passed()) co_return net::Deadline::missed(base::ErrorSource::client);
  }
}

}  // namespace cardea::tls
