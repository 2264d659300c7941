#include "http/h1_exchange.h"

#include "base/check.h"
#include "base/limits.h"
#include "http/h1_request_parser.h"
#include "http/h1_writer.h"

namespace cardea::http {
namespace {

base::Error malformed(const ParseError& error) {
  return {base::ErrorCode::invalid, base::ErrorSource::client, false, std::string(error.why)};
}

// Moves the views of a head that point into `from` to the same place of `to`, its copy.
void rebase(RequestHead& head, std::string_view from, const char* to) {
  const auto move = [&](std::string_view& view) {
    if (view.data() >= from.data() && view.data() < from.data() + from.size()) {
      view = {to + (view.data() - from.data()), view.size()};
    }
  };
  move(head.method_text);
  move(head.target);
  move(head.authority);
  for (Field& field : head.fields) {
    move(field.name);
    move(field.value);
  }
}

}  // namespace

std::expected<std::size_t, ParseError> H1Exchange::parse(std::size_t scanned) {
  base::Buffer& input = stream_.input();
  const std::string_view bytes = input.view();
  auto parsed = parse_request_head(bytes, head_, scanned);
  if (!parsed || *parsed == 0) {
    forget_head();
    return parsed;
  }
  // RFC 9110 §7.4. A trusted proxy may have taken TLS off.
  if (head_.target_scheme == Scheme::https && info_.scheme != Scheme::https && !info_.peer_is_trusted) {
    forget_head();
    return std::unexpected(ParseError{421, "a URL of https:// on a connection without TLS"});
  }
  head_bytes_.assign(bytes.substr(0, *parsed));
  rebase(head_, bytes.substr(0, *parsed), head_bytes_.data());
  input.consume(*parsed);
  record().id = choose_request_id(head_, info_, record().own_id);
  body_ = BodyReader(head_.body);
  if (!head_.keep_alive) keep_alive_ = false;
  return parsed;
}

// What was understood of a head that is malformed, or not whole yet, are views into the input buffer, which
// goes on receiving.
void H1Exchange::forget_head() {
  head_.method_text = head_.target = head_.authority = {};
  head_.fields.clear();
}

base::Result<std::string_view> H1Exchange::take_body() {
  auto piece = body_.take(stream_.input());
  if (piece) {
    record().request_body_bytes += piece->size();
    return *piece;
  }
  keep_alive_ = false;
  return std::unexpected(malformed(piece.error()));
}

net::Task<base::Result<std::string_view>> H1Exchange::read_body() {
  for (;;) {
    auto piece = take_body();
    if (!piece || !piece->empty() || body_.done()) co_return piece;
    if (head_.expects_continue && !continue_sent_ && !started_) {
      // RFC 9110 §10.1.1: the client waits for this before it sends the body.
      continue_sent_ = true;
      append_status_line(stream_.output(), 100, reason_phrase(100));
      stream_.output().append("\r\n");
      // Without waiting: the response may be written to this stream at the same time.
      auto sent = stream_.send_now();
      if (!sent) co_return std::unexpected(sent.error());
    }
    const auto begun = net::EventLoop::now();
    const std::size_t held = stream_.input().size();
    auto more = co_await stream_.read(tunnel_ ? tunnel_idle_limit_ : patience_.left());
    if (!more) co_return std::unexpected(more.error());
    if (!tunnel_) patience_.note(net::EventLoop::now() - begun, stream_.input().size() - held);
    if (patience_.is_over()) {
      co_return base::fail(base::ErrorCode::timeout, "the client sends its request body too slowly",
                           base::ErrorSource::client);
    }
    if (!*more && !body_.end_of_input()) {
      co_return base::fail(base::ErrorCode::closed, "the client left in the middle of its request body",
                           base::ErrorSource::client);
    }
  }
}

void H1Exchange::start_response(const ResponseHead& head) {
  CARDEA_CHECK(!started_, "a request is answered once");
  started_ = true;
  record().status = head.status;
  base::Buffer& out = stream_.output();
  append_status_line(out, head.status, head.reason);
  const bool bodiless = head_.method == Method::head || head.status == 304;
  for (const Field& field : head.fields) {
    if (base::equals_ignoring_case(field.name, "connection") ||
        base::equals_ignoring_case(field.name, "transfer-encoding")) {
      continue;
    }
    // HEAD and 304 may state the length of the body that a GET would have brought (RFC 9110 §8.6).
    const bool states_length = bodiless && head.body.kind == Framing::none;
    if (!states_length && base::equals_ignoring_case(field.name, "content-length")) continue;
    append_field(out, field.name, field.value);
  }
  BodyFraming framing = head.body;
  if (framing.kind == Framing::until_close || framing.kind == Framing::chunked) {
    framing.kind = head_.version_minor >= 1 ? Framing::chunked : Framing::until_close;
    if (framing.kind == Framing::until_close) keep_alive_ = false;
  }
  append_framing(out, framing);
  sending_ = bodiless ? Framing::none : framing.kind;
  // A body that the client still sends would have to be read to the end first: better to start afresh.
  if (!body_.done() && head_.expects_continue && !continue_sent_) keep_alive_ = false;
  if (!keep_alive_) {
    append_field(out, "Connection", "close");
  } else if (head_.version_minor == 0) {
    append_field(out, "Connection", "keep-alive");
  }
  out.append("\r\n");
}

base::Status H1Exchange::send_interim(const ResponseHead& head) {
  if (head_.version_minor == 0) return {};
  base::Buffer& out = stream_.output();
  append_status_line(out, head.status, head.reason);
  for (const Field& field : head.fields) append_field(out, field.name, field.value);
  out.append("\r\n");
  return stream_.send_now();
}

void H1Exchange::start_tunnel(const ResponseHead& head, net::Stream::Duration idle_limit) {
  CARDEA_CHECK(!started_ && body_.done(), "what follows the request belongs to the other protocol");
  started_ = tunnel_ = true;
  record().status = head.status;
  keep_alive_ = false;
  base::Buffer& out = stream_.output();
  append_status_line(out, head.status, head.reason);
  for (const Field& field : head.fields) append_field(out, field.name, field.value);
  out.append("\r\n");
  body_ = BodyReader({Framing::until_close, 0});
  sending_ = Framing::until_close;
  tunnel_idle_limit_ = idle_limit;
  stream_.spare_memory();
}

base::Status H1Exchange::write_body(std::string_view piece) {
  if (piece.empty() || sending_ == Framing::none) return {};
  record().response_body_bytes += piece.size();
  if (sending_ != Framing::chunked) return stream_.write(piece);
  append_chunk_size(stream_.output(), piece.size());
  auto written = stream_.write(piece);
  stream_.output().append(kChunkEnd);
  return written;
}

net::Task<base::Status> H1Exchange::flush() {
  const auto limit = tunnel_ ? tunnel_idle_limit_ : net::Stream::Duration(base::kBodyProgressTimeout);
  co_return co_await stream_.flush(limit, client_rate());
}

void H1Exchange::end_body(const FieldList& trailers) {
  CARDEA_CHECK(started_ && !finished_, "the end of a body follows its begin");
  if (sending_ != Framing::chunked) return;
  append_last_chunk(stream_.output(), trailers);
  sending_ = Framing::none;
}

net::Task<base::Status> H1Exchange::finish() {
  CARDEA_CHECK(started_ && !finished_, "finish() follows start_response(), once");
  end_body({});
  finished_ = true;
  // One send for the response and the end that follows it. (A tunnel's client may still be sent something.)
  auto sent = keep_alive_ || tunnel_ ? base::Status{} : stream_.queue_end();
  if (sent) sent = co_await stream_.flush(base::kBodyProgressTimeout, client_rate());
  // A client that does not take its response gets no other one.
  if (!sent) {
    record().note_abort(ExchangeRecord::Aborted::client);
    abort();
  }
  if (sent && tunnel_) stream_.end_output();
  co_return sent;
}

void H1Exchange::abort() {
  keep_alive_ = false;
  // Where the end of the connection is the end of the body, an orderly one would look like all of it.
  const bool end_tells_all = sending_ == Framing::until_close && !tunnel_;
  end_tells_all ? stream_.reset() : stream_.close();
}

}  // namespace cardea::http
