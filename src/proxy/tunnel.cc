#include "proxy/tunnel.h"

#include <algorithm>

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

bool Tunnel::goes_on(const base::Error& error, std::size_t taken) {
  if (error.code != base::ErrorCode::timeout) return false;
  if (taken > 0) note_progress();
  return !is_idle();
}

net::Task<bool> Tunnel::flush_upstream() {
  for (;;) {
    const std::size_t queued = upstream_.queued();
    auto sent = co_await upstream_.flush(check_interval());
    if (sent) break;
    if (!goes_on(sent.error(), queued - std::min(queued, upstream_.queued())))
      co_return broken_by(Aborted::upstream, sent.error());
  }
  note_progress();
  co_return true;
}

net::Task<bool> Tunnel::flush_client() {
  for (;;) {
    const std::size_t queued = exchange_.queued();
    auto sent = co_await exchange_.flush();
    if (sent) break;
    if (!goes_on(sent.error(), queued - std::min(queued, exchange_.queued())))
      co_return broken_by(Aborted::client, sent.error());
  }
  note_progress();
  co_return true;
}

net::Task<bool> Tunnel::relay_up() {
  for (;;) {
    auto piece = co_await exchange_.read_body();
    if (!piece && piece.error().code == base::ErrorCode::timeout && !is_idle()) continue;
    if (!piece) co_return broken_by(Aborted::client, piece.error());
    if (piece->empty() && exchange_.body_done()) break;
    note_progress();
    if (!upstream_.write(*piece)) co_return broken_by(Aborted::upstream);
    if (!co_await flush_upstream()) co_return false;
  }
  upstream_.end_output();
  co_return true;
}

net::Task<bool> Tunnel::relay_down() {
  if (!co_await flush_client()) co_return false;  // the 101
  for (;;) {
    const std::string_view bytes = upstream_.input().view();
    if (!bytes.empty()) {
      note_progress();
      if (!exchange_.write_body(bytes)) co_return broken_by(Aborted::client);
      upstream_.input().consume(bytes.size());
      if (!co_await flush_client()) co_return false;
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
