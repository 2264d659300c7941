#include "proxy/tunnel.h"

#include "base/limits.h"

namespace cardea::proxy {

using Aborted = http::ExchangeRecord::Aborted;

net::Stream::Duration Tunnel::check_interval() {
  return base::kTunnelCheckInterval;
}

net::Task<void> Tunnel::run() {
  tasks_.spawn("tunnel", upload());
  if (!co_await relay_down()) cut();
  half_closed_ = true;
  co_await uploaded_.wait();
}

net::Task<void> Tunnel::upload() {
  if (!co_await relay_up()) cut();
  half_closed_ = true;
  uploaded_.set();
}

bool Tunnel::is_idle() const {
  const auto limit = half_closed_ ? net::Clock::duration(base::kTunnelHalfClosedTimeout)
                                  : net::Clock::duration(base::kTunnelIdleTimeout);
  return net::EventLoop::now() - moved_at_ >= limit;
}

bool Tunnel::broken_by(Aborted side) {
  exchange_.record().note_abort(side);
  return false;
}

bool Tunnel::broken_by(Aborted side, const base::Error& error) {
  return broken_by(error.code == base::ErrorCode::timeout ? Aborted::proxy : side);
}

// Whoever waits for one of the two wakes up with an error.
void Tunnel::cut() {
  upstream_.close();
  exchange_.abort();
}

net::Task<bool> Tunnel::relay_up() {
  for (;;) {
    auto piece = co_await exchange_.read_body();
    if (!piece && piece.error().code == base::ErrorCode::timeout && !is_idle()) continue;
    if (!piece) co_return broken_by(Aborted::client, piece.error());
    if (piece->empty() && exchange_.body_done()) break;
    note_progress();
    if (!upstream_.write(*piece)) co_return broken_by(Aborted::upstream);
    if (!co_await upstream_.flush(base::kBodyProgressTimeout)) co_return broken_by(Aborted::upstream);
  }
  upstream_.end_output();
  co_return true;
}

net::Task<bool> Tunnel::relay_down() {
  if (!co_await exchange_.flush()) co_return broken_by(Aborted::client);  // the 101
  for (;;) {
    const std::string_view bytes = upstream_.input().view();
    if (!bytes.empty()) {
      note_progress();
      if (!exchange_.write_body(bytes)) co_return broken_by(Aborted::client);
      upstream_.input().consume(bytes.size());
      if (!co_await exchange_.flush()) co_return broken_by(Aborted::client);
      continue;
    }
    auto more = co_await upstream_.read(check_interval());
    if (!more && more.error().code == base::ErrorCode::timeout && !is_idle()) continue;
    if (!more) co_return broken_by(Aborted::upstream, more.error());
    if (!*more) break;
  }
  co_return (co_await exchange_.finish()).has_value();
}

}  // namespace cardea::proxy
