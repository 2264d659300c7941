#include "proxy/upstream_h2.h"

#include "proxy/rewrite.h"

namespace cardea::proxy {

using base::ErrorCode;

// --- the request ---

void UpstreamH2::queue() {
  session_.send(stream.output());
  held_back_ = session_.unsent();
}

base::Status UpstreamH2::send_head(const http::RequestHead& request, const http::ConnectionInfo& client,
                                   const Target& target, std::string_view request_id) {
  using Body = http::H2ClientSession::Body;
  begin_request();
  head_.clear();
  append_upstream_head(head_, request, client, target, request_id);
  const Body body = http::has_body(request.body) ? Body::follows : Body::none;
  auto started = session_.start(head_, request.method, body);
  queue();
  return started;
}

base::Status UpstreamH2::send_body(std::string_view piece) {
  session_.write_body(piece);
  queue();
  return {};
}

base::Status UpstreamH2::end_body(std::string_view piece, const http::FieldList& trailers) {
  session_.end_body(piece, trailers);
  queue();
  return {};
}

net::Task<base::Status> UpstreamH2::drain(std::size_t left_max) {
  while (held_back_ > left_max) {
    auto sent = co_await stream.flush(base::kBodyProgressTimeout);
    if (!sent) co_return sent;
    queue();
    if (stream.queued() > 0) continue;
    // What is left may not be sent yet (RFC 9113 §5.2): whoever takes the response sees when it may.
    if (held_back_ > left_max && !co_await progress_.wait(base::kBodyProgressTimeout)) {
      co_return upstream_error(ErrorCode::timeout, "the upstream took nothing of the body in time");
    }
  }
  // What could be given out at last lies in `stream`, and nobody else flushes it.
  co_return co_await stream.flush(base::kBodyProgressTimeout);
}

// --- the response ---

base::Result<UpstreamH2::Event> UpstreamH2::receive() {
  const std::size_t held_before = held_back_;
  auto event = session_.receive(stream.input(), stream.output());
  held_back_ = session_.unsent();
  response_begun_ = session_.begun();
  response_done_ = session_.ended();
  // Without waiting, as the body may be on its way in another coroutine. Whether it fails, the next read
  // says.
  if (!stream.output().empty()) static_cast<void>(stream.send_now());
  if (held_back_ < held_before) progress_.set();
  return event;
}

base::Result<bool> UpstreamH2::take_head(http::ResponseHead& head) {
  const auto event = receive();
  if (!event) return std::unexpected(event.error());
  if (*event != Event::head) return false;
  auto sound = session_.head(head);
  if (!sound) return std::unexpected(sound.error());
  return true;
}

base::Result<std::string_view> UpstreamH2::take_body() {
  const auto event = receive();
  if (!event) return std::unexpected(event.error());
  return session_.body();
}

// --- between two requests ---

bool UpstreamH2::settle() {
  const bool usable =
      stream.is_open() && session_.receive_idle(stream.input(), stream.output()) && !stream.ended();
  if (stream.is_open() && !stream.output().empty()) static_cast<void>(stream.send_now());
  return usable;
}

bool UpstreamH2::rest() {
  if (!settle()) return false;
  tasks_.spawn("idle upstream", attend());
  return stream.is_open();
}

// A PING wants its answer now, and who said GOAWAY is not asked again. The pool ends this wait.
net::Task<void> UpstreamH2::attend() {
  while (settle()) {
    auto more = co_await stream.read(base::kUpstreamIdleTimeout);
    if (!more || !*more) break;
  }
  // Not drop(): that would destroy this coroutine under its own feet. wake() finds out.
  stream.close();
}

bool UpstreamH2::wake() {
  tasks_.cancel_all();
  return settle();
}

}  // namespace cardea::proxy
