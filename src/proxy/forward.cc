#include "proxy/forward.h"

#include <utility>

#include "base/limits.h"
#include "base/strings.h"
#include "http/date_text.h"
#include "proxy/rewrite.h"
#include "proxy/tunnel.h"

namespace cardea::proxy {
namespace {

using base::ErrorCode;
using base::ErrorSource;

// What of a request's body waits for its upstream.
constexpr std::size_t kQueuedMax = base::kStreamBufferBytesMax;

bool is_event_stream(const http::ResponseHead& head) {
  const auto type = head.fields.find("content-type");
  return type && base::equals_ignoring_case(type->substr(0, type->find(';')), "text/event-stream");
}

}  // namespace

net::Task<base::Status> Forward::run() {
  auto done = co_await acquire(Reuse::allowed);
  if (done) done = co_await send_request();
  if (done) done = co_await receive_head();
  if (!done && may_retry(done.error())) {
    // The idle connection had died unseen; nothing of this request was answered, so it may be sent again.
    done = co_await start_anew();
  }
  if (done && switched_) {
    exchange_.watch_client({});  // the tunnel reads from it
    co_await Tunnel(loop_, exchange_, upstream()).run();
    co_return base::Status{};
  }
  if (done) done = co_await relay_body();
  if (done) release();
  if (client_error_) co_return std::unexpected(*client_error_);
  co_return done;
}

net::Task<base::Status> Forward::start_anew() {
  upload_tasks_.cancel_all();  // it may wait for the client's next piece
  upload_ = Upload::none;
  auto done = co_await acquire(Reuse::fresh);
  if (done) done = co_await send_request();
  if (done) done = co_await receive_head();
  co_return done;
}

bool Forward::may_retry(const base::Error& error) const {
  if (!connection_ || connection_->response_begun() || !replayable_ || client_error_) return false;
  // The upstream says itself that it did nothing.
  if (error.retryable) return true;
  // Only for a connection that was closed, never for an upstream that is slow: that one is at work on the
  // request.
  return error.code == ErrorCode::closed && connection_->reused &&
         http::is_idempotent(exchange_.request().method);
}

net::Task<base::Status> Forward::acquire(Reuse reuse) {
  connection_ = reuse == Reuse::allowed ? pool_.take_idle(target_) : nullptr;
  if (!connection_) {
    auto dialled = co_await pool_.dial(target_);
    if (!dialled) co_return std::unexpected(dialled.error());
    connection_ = std::move(*dialled);
  }
  exchange_.record().upstream_reused = connection_->reused;
  exchange_.watch_client([this] {
    client_error_ = base::Error{ErrorCode::closed, ErrorSource::client, false, "the client left"};
    if (!connection_) return;
    // Whoever waits for the upstream wakes up with an error: the upstream must not work for nobody. An
    // orderly end would come behind what it has not read yet of the body.
    upload_ == Upload::running ? upstream().reset() : upstream().close();
  });
  co_return base::Status{};
}

net::Task<base::Status> Forward::send_request() {
  const http::RequestHead& request = exchange_.request();
  auto queued = connection_->send_head(request, exchange_.connection(), target_, exchange_.record().id);
  if (!queued) co_return queued;
  expect_within(base::kUpstreamHeadTimeout);
  if (!http::has_body(request.body)) co_return co_await upstream().flush(base::kBodyProgressTimeout);
  if (request.expects_continue) {
    // Whoever refuses by the head alone spares everybody the body.
    upload_ = Upload::held;
    expect_within(base::kContinueTimeout);
    co_return co_await upstream().flush(base::kBodyProgressTimeout);
  }
  begin_upload();
  co_return base::Status{};
}

// The body flows while the response may already come: an upstream may answer before it has read everything.
void Forward::begin_upload() {
  // A copy costs memory: only where a second try may be needed, which has no third one.
  replayable_ = connection_->reused && http::is_idempotent(exchange_.request().method);
  upload_ = Upload::running;
  expect_within(base::kUpstreamHeadTimeout);
  upload_tasks_.spawn("upload", upload());
}

net::Task<void> Forward::upload() {
  upload_ = co_await send_body() ? Upload::complete : Upload::failed;
  renew();  // the upstream has had nothing to answer to before
}

void Forward::keep(std::string_view piece) {
  if (!replayable_) return;
  replayable_ = replay_.size() + piece.size() <= base::kReplayBytesMax;
  if (replayable_) {
    replay_.append(piece);
  } else {
    replay_ = std::string();
  }
}

net::Task<bool> Forward::send_body() {
  if (!replay_.empty() && !connection_->send_body(std::exchange(replay_, {}))) co_return false;
  for (;;) {
    auto piece = exchange_.take_body();
    if (piece && piece->empty() && !exchange_.body_done()) {
      // Nothing more is here. What we have goes out before we wait: the upstream may refuse by the head
      // alone.
      if (!co_await upstream().flush(base::kBodyProgressTimeout)) co_return false;
      piece = co_await exchange_.read_body();
    }
    if (!piece) {
      client_error_ = piece.error();  // it left, or broke its framing: there is nothing to complete
      upstream().close();
      co_return false;
    }
    keep(*piece);
    if (exchange_.body_done()) {
      const http::FieldList trailers =
          rewrite_request_trailers(exchange_.request(), exchange_.request_trailers(), target_);
      if (!connection_->end_body(*piece, trailers)) co_return false;
      break;
    }
    if (!piece->empty() && !connection_->send_body(*piece)) co_return false;
    // If the upstream stopped reading it may still answer why; the response decides.
    if (upstream().queued() >= kQueuedMax && !co_await upstream().flush(base::kBodyProgressTimeout)) {
      co_return false;
    }
    if (connection_->held_back() >= kQueuedMax && !co_await connection_->drain(kQueuedMax)) co_return false;
  }
  if (!co_await upstream().flush(base::kBodyProgressTimeout)) co_return false;
  co_return connection_->held_back() == 0 || (co_await connection_->drain(0)).has_value();
}

void Forward::expect_within(net::Stream::Duration limit) {
  limit_ = limit;
  renew();
}

base::Status Forward::on_silence() {
  if (upload_ == Upload::held && !exchange_.response_started()) {
    begin_upload();  // it knows no 100
    return {};
  }
  if (upload_ == Upload::running) {
    renew();  // it may wait for the rest of the request, which has limits of its own
    return {};
  }
  return upstream_error(ErrorCode::timeout, exchange_.response_started()
                                                ? "the upstream did not go on with its response in time"
                                                : "the upstream did not answer in time");
}

net::Task<base::Result<bool>> Forward::read_upstream() {
  if (due_.passed()) {
    const auto excused = on_silence();
    if (!excused) co_return std::unexpected(excused.error());
  }
  auto more = co_await upstream().read(due_.left());
  if (!more && more.error().code == ErrorCode::timeout) co_return true;  // the next call judges
  co_return std::move(more);
}

net::Task<base::Status> Forward::receive_head() {
  for (;;) {
    const auto taken = take_heads();
    if (connection_->response_begun()) exchange_.record().note_first_byte();
    if (!taken) co_return taken;
    if (exchange_.response_started()) co_return base::Status{};
    auto more = co_await read_upstream();
    if (!more) co_return std::unexpected(more.error());
    if (!*more) {
      co_return upstream_error(ErrorCode::closed, "the upstream closed the connection without an answer");
    }
  }
}

// No coroutine, and so are those that it calls: a head has 4 KiB of fields, which would live in the frame,
// and the frame of a request must come from the pool.
base::Status Forward::take_heads() {
  while (!exchange_.response_started()) {
    http::ResponseHead head;
    const auto found = connection_->take_head(head);
    if (!found) return std::unexpected(found.error());
    if (!*found) break;
    const auto taken = head.status == 101   ? take_switch(head)
                       : head.status >= 200 ? take_final(head)
                                            : take_interim(head);
    if (!taken) return taken;
  }
  return {};
}

base::Status Forward::take_final(const http::ResponseHead& head) {
  http::ResponseHead out;
  if (!rewrite_response(head, out)) return upstream_error(ErrorCode::too_large, "too many response fields");
  // RFC 9110 §6.6.1: who receives a response without it, and has a clock, adds it. That there is no room for
  // it is no reason to refuse a response.
  if (!out.fields.find("date")) static_cast<void>(out.fields.add({"Date", http::date_text()}));
  exchange_.start_response(out);
  const bool events = is_event_stream(head);
  if (events) exchange_.spare_memory();
  expect_within(events ? net::Stream::Duration(base::kEventStreamIdleTimeout)
                       : net::Stream::Duration(base::kBodyProgressTimeout));
  return {};
}

base::Status Forward::take_interim(const http::ResponseHead& head) {
  if (++interim_responses_ > base::kInterimResponsesMax) {
    return upstream_error(ErrorCode::protocol, "the upstream sends interim responses without end");
  }
  renew();
  if (head.status == 100) {
    // The client is told when its body is waited for. Who did not ask need not know.
    if (upload_ == Upload::held) begin_upload();
    return {};
  }
  http::ResponseHead out;
  if (!rewrite_response(head, out)) return upstream_error(ErrorCode::too_large, "too many response fields");
  return exchange_.send_interim(out);
}

base::Status Forward::take_switch(const http::ResponseHead& head) {
  http::ResponseHead out;
  if (auto sound = rewrite_switch(exchange_.request(), head, out); !sound) return sound;
  exchange_.start_tunnel(out, Tunnel::check_interval());
  switched_ = true;
  return {};
}

base::Result<bool> Forward::relay_available() {
  for (bool relayed = false;; relayed = true) {
    auto piece = connection_->take_body();
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty()) return relayed;
    auto written = exchange_.write_body(*piece);
    if (!written) return std::unexpected(written.error());
  }
}

void Forward::end_response_body() {
  const http::FieldList trailers = connection_->trailers();
  if (trailers.size() > 0) exchange_.end_body(rewrite_response_trailers(trailers));
}

net::Task<base::Status> Forward::relay_body() {
  for (;;) {
    auto relayed = relay_available();
    if (!relayed) co_return std::unexpected(relayed.error());
    if (connection_->response_done()) {
      end_response_body();
      co_return co_await exchange_.finish();
    }
    // What is here goes out before we wait for more: events must not sit in a buffer.
    auto sent = co_await exchange_.flush();
    if (!sent) co_return sent;
    if (*relayed) renew();  // not before: the client may have needed the time
    auto more = co_await read_upstream();
    if (!more) co_return std::unexpected(more.error());
    if (*more) continue;
    if (!connection_->end_of_input()) {
      co_return upstream_error(ErrorCode::closed,
                               "the upstream closed the connection in the middle of its response");
    }
    // RFC 9112 §9.8: such an end may be anybody's work, and only the length would tell.
    if (upstream().cut_short()) {
      co_return upstream_error(
          ErrorCode::closed,
          "the upstream ended a response without a length by closing the connection without TLS's "
          "close_notify; it may be cut short");
    }
  }
}

void Forward::release() {
  const bool sent_whole = upload_ == Upload::none || upload_ == Upload::complete;
  if (sent_whole) pool_.give_back(std::move(connection_));
}

}  // namespace cardea::proxy
