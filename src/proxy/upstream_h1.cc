#include "proxy/upstream_h1.h"

#include <algorithm>

#include "http/h1_response_parser.h"
#include "http/h1_writer.h"
#include "proxy/rewrite.h"

namespace cardea::proxy {

using base::ErrorCode;

net::Stream::Duration idle_limit_after(const http::ResponseHead& head) {
  using Duration = net::Stream::Duration;
  if (!head.keep_alive) return Duration::zero();
  if (!head.keep_alive_timeout) return base::kUpstreamIdleTimeout;
  const Duration left = *head.keep_alive_timeout - base::kUpstreamIdleMargin;
  return std::clamp(left, Duration::zero(), Duration(base::kUpstreamIdleTimeout));
}

base::Status UpstreamH1::send_head(const http::RequestHead& request, const http::ConnectionInfo& client,
                                   const Target& target, std::string_view request_id) {
  begin_request();
  method_ = request.method;
  chunked_ = request.body.kind == http::Framing::chunked;
  scanned_ = 0;
  append_upstream_head(stream.output(), request, client, target, request_id);
  return {};
}

base::Status UpstreamH1::send_body(std::string_view piece) {
  if (chunked_) http::append_chunk_size(stream.output(), piece.size());
  auto written = stream.write(piece);
  if (chunked_) stream.output().append(http::kChunkEnd);
  return written;
}

base::Status UpstreamH1::end_body(std::string_view piece, const http::FieldList& trailers) {
  auto written = piece.empty() ? base::Status{} : send_body(piece);
  if (chunked_) http::append_last_chunk(stream.output(), trailers);
  return written;
}

net::Task<base::Status> UpstreamH1::drain(std::size_t /*left_max*/) {
  co_return base::Status{};  // nothing is held back
}

base::Result<bool> UpstreamH1::take_head(http::ResponseHead& head) {
  base::Buffer& input = stream.input();
  if (input.empty()) return false;
  response_begun_ = true;
  const auto parsed = http::parse_response_head(input.view(), method_, head, scanned_);
  if (!parsed) return upstream_error(ErrorCode::protocol, parsed.error().why);
  if (*parsed == 0) {
    scanned_ = input.size();
    return false;
  }
  scanned_ = 0;
  input.consume(*parsed);
  idle_limit_ = idle_limit_after(head);
  body_ = http::BodyReader(head.body);
  response_done_ = head.status >= 200 && body_.done();
  return true;
}

base::Result<std::string_view> UpstreamH1::take_body() {
  auto piece = body_.take(stream.input());
  if (!piece) return upstream_error(ErrorCode::protocol, piece.error().why);
  response_done_ = body_.done();
  return *piece;
}

bool UpstreamH1::end_of_input() {
  return response_done_ = body_.end_of_input();
}

// Bytes that nobody asked for would be taken for the next response.
bool UpstreamH1::is_quiet() {
  return stream.is_open() && !stream.ended() && !stream.has_unread();
}

bool UpstreamH1::rest() {
  if (idle_limit_ <= net::Stream::Duration::zero() || !is_quiet()) return false;
  stream.watch([this] { drop(); });
  return true;
}

bool UpstreamH1::wake() {
  stream.watch({});
  return is_quiet();
}

}  // namespace cardea::proxy
