#include "http/h2_client_session.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "base/limits.h"
#include "http/field_rules.h"
#include "http/h1_field_parser.h"

namespace cardea::http {
namespace {

using base::ErrorCode;
using base::ErrorSource;

constexpr std::size_t kFrameHeadBytes = 9;
constexpr int kRefuseField = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // resets the stream

base::Error upstream_error(ErrorCode code, std::string context) {
  return {code, ErrorSource::upstream, false, std::move(context)};
}

std::string_view to_view(nghttp2_rcbuf* text) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(text);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

bool has_no_body(int status, Method method) {
  return method == Method::head || is_bodiless(status) || status == 304;
}

}  // namespace

struct H2ClientSession::Callbacks {
  static H2ClientSession& self(void* session) { return *static_cast<H2ClientSession*>(session); }

  static int on_begin_headers(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user_data) {
    H2ClientSession& session = self(user_data);
    if (session.is_ours(frame->hd.stream_id)) {
      session.received_.clear();
      session.begun_ = true;
    }
    return 0;
  }

  static int on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                       nghttp2_rcbuf* value, std::uint8_t /*flags*/, void* user_data) {
    H2ClientSession& session = self(user_data);
    if (!session.is_ours(frame->hd.stream_id)) return 0;
    return session.final_ || to_view(name) != ":status" ? session.add_field(to_view(name), to_view(value))
                                                        : session.take_status(to_view(value));
  }

  // nghttp2 would leave such a field out and go on.
  static int on_invalid_header(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                               nghttp2_rcbuf* /*name*/, nghttp2_rcbuf* /*value*/, std::uint8_t /*flags*/,
                               void* user_data) {
    H2ClientSession& session = self(user_data);
    if (session.is_ours(frame->hd.stream_id)) session.fault_ = "a field has bytes that are not allowed";
    return kRefuseField;
  }

  static int on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user_data) {
    H2ClientSession& session = self(user_data);
    if (!session.is_ours(frame->hd.stream_id)) return 0;
    if (frame->hd.type == NGHTTP2_RST_STREAM) session.reset_by_server_ = true;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS) {
      session.trailers_came_ = session.final_;
      session.head_ready_ = !session.final_;
      session.final_ = session.status_ >= 200;
    }
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) session.ended_ = true;
    return 0;
  }

  static int on_data(nghttp2_session* nghttp2, std::uint8_t /*flags*/, std::int32_t stream_id,
                     const std::uint8_t* bytes, std::size_t size, void* user_data) {
    H2ClientSession& session = self(user_data);
    if (!session.is_ours(stream_id)) {
      return nghttp2_session_consume(nghttp2, stream_id, size) == 0 ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    session.piece_ = {reinterpret_cast<const char*>(bytes), size};
    session.unconsumed_ += size;
    return 0;
  }

  static int on_close(nghttp2_session* /*session*/, std::int32_t stream_id, std::uint32_t code,
                      void* user_data) {
    H2ClientSession& session = self(user_data);
    if (!session.is_ours(stream_id)) return 0;
    session.closed_ = true;
    session.body_out_.consume(session.body_out_.size());
    if (!session.ended_ && !session.failure_) session.failure_ = session.reset_error(code);
    return 0;
  }

  static ssize_t read_body(nghttp2_session* nghttp2, std::int32_t stream_id, std::uint8_t* to,
                           std::size_t size, std::uint32_t* flags, nghttp2_data_source* /*source*/,
                           void* user_data) {
    H2ClientSession& session = self(user_data);
    const std::string_view piece = session.body_out_.view().substr(0, size);
    std::ranges::copy(piece, reinterpret_cast<char*>(to));
    session.body_out_.consume(piece.size());
    if (!session.body_out_.empty()) return static_cast<ssize_t>(piece.size());
    if (session.body_ends_) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (session.trailers_out_.size() == 0) return static_cast<ssize_t>(piece.size());
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const auto fields = session.to_nghttp2(session.trailers_out_);
      const bool queued = nghttp2_submit_trailer(nghttp2, stream_id, fields.data(), fields.size()) == 0;
      return queued ? static_cast<ssize_t>(piece.size()) : NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    if (!piece.empty()) return static_cast<ssize_t>(piece.size());
    session.body_deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }

  static nghttp2_session* make(H2ClientSession& session) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_option* options = nullptr;
    nghttp2_session* made = nullptr;
    if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&options) != 0) {
      nghttp2_session_callbacks_del(callbacks);
      throw std::bad_alloc();
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    // The server may send as much as was taken, not as much as it likes.
    nghttp2_option_set_no_auto_window_update(options, 1);
    const int failed = nghttp2_session_client_new2(&made, callbacks, &session, options);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(options);
    if (failed != 0) throw std::bad_alloc();
    return made;
  }
};

H2ClientSession::H2ClientSession() : session_(Callbacks::make(*this)) {
  static constexpr std::array<nghttp2_settings_entry, 3> kSettings = {{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, base::kH2StreamWindowBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, base::kHeadBytesMax},
  }};
  const int settings =
      nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, kSettings.data(), kSettings.size());
  const int window = nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0,
                                                           base::kH2ConnectionWindowBytes);
  if (settings != 0 || window != 0) throw std::bad_alloc();
}

H2ClientSession::~H2ClientSession() = default;

// --- the request ---

bool H2ClientSession::can_start() const {
  const bool between = stream_id_ == 0 || (ended_ && closed_ && !failure_);
  // A server that is about to end may first take no more requests (RFC 9113 §5.1.2) and say GOAWAY later.
  const bool welcome =
      nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) > 0;
  return between && welcome && works() && nghttp2_session_check_request_allowed(session_.get()) != 0;
}

base::Status H2ClientSession::start(const H2Fields& head, Method method, Body body) {
  consume_piece();
  method_ = method;
  body_out_.consume(body_out_.size());
  body_ends_ = body_deferred_ = false;
  trailers_out_.clear();
  begun_ = final_ = head_ready_ = trailers_came_ = ended_ = closed_ = reset_by_server_ = false;
  failure_.reset();
  fault_ = {};
  status_ = 0;
  received_.clear();
  piece_ = {};
  return submit(head, body);
}

base::Status H2ClientSession::submit(const H2Fields& head, Body body) {
  const auto fields = to_nghttp2(head);
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::read_body;
  stream_id_ = nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(),
                                      body == Body::follows ? &provider : nullptr, nullptr);
  if (stream_id_ > 0) return {};
  const std::string_view why = nghttp2_strerror(std::exchange(stream_id_, 0));
  return base::fail_retryable(ErrorCode::closed, fmt::format("HTTP/2: {}", why), ErrorSource::upstream);
}

std::span<const nghttp2_nv> H2ClientSession::to_nghttp2(const H2Fields& fields) {
  // nghttp2 asks for bytes that it might change, and changes none.
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  fields_out_.clear();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field field = fields[i];
    fields_out_.push_back(
        {bytes(field.name), bytes(field.value), field.name.size(), field.value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return fields_out_;
}

void H2ClientSession::write_body(std::string_view piece) {
  if (closed_) return;
  body_out_.append(piece);
  if (std::exchange(body_deferred_, false)) nghttp2_session_resume_data(session_.get(), stream_id_);
}

void H2ClientSession::end_body(std::string_view piece, const FieldList& trailers) {
  for (const Field& field : trailers) append_field(trailers_out_, field.name, field.value);
  body_ends_ = true;
  write_body(piece);
}

void H2ClientSession::send(base::Buffer& output) {
  while (output.size() < base::kStreamBufferBytesMax) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size < 0) broken_ = true;
    if (size <= 0) return;
    output.append({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  }
}

// --- the response ---

int H2ClientSession::take_status(std::string_view value) {
  status_ = static_cast<int>(base::parse_uint(value, 999).value_or(0));
  if (status_ >= 100) return 0;
  fault_ = "the status is not a number from 100 to 999";
  return kRefuseField;
}

int H2ClientSession::add_field(std::string_view name, std::string_view value) {
  if (received_.size() == base::kFieldsMax) {
    fault_ = "more header fields than allowed";
  } else if (received_.bytes() + name.size() + value.size() > base::kHeadBytesMax) {
    fault_ = "the head is larger than allowed";
  } else if (!is_token(name) || !is_field_value(value)) {
    fault_ = "a field has bytes that are not allowed";
  } else {
    received_.begin(name);
    received_.append(value);
    received_.end();
    return 0;
  }
  return kRefuseField;
}

base::Error H2ClientSession::reset_error(std::uint32_t code) const {
  // RFC 9113 §8.7. nghttp2 gives the same code for a stream that a GOAWAY says was not looked at (§6.8).
  if (code == NGHTTP2_REFUSED_STREAM) {
    return {ErrorCode::closed, ErrorSource::upstream, true, "the upstream did not begin with the request"};
  }
  if (reset_by_server_ && code == NGHTTP2_HTTP_1_1_REQUIRED) {
    return upstream_error(ErrorCode::rejected, "the upstream wants HTTP/1.1 for this; give an http:// URL");
  }
  if (reset_by_server_) {
    return upstream_error(ErrorCode::rejected,
                          fmt::format("the upstream reset the request: {}", nghttp2_http2_strerror(code)));
  }
  return upstream_error(ErrorCode::protocol, fault_.empty() ? fmt::format("the response is malformed: {}",
                                                                          nghttp2_http2_strerror(code))
                                                            : std::string(fault_));
}

// Frame by frame, so that a step has one head or one piece of body at most.
bool H2ClientSession::step(base::Buffer& input) {
  if (frame_bytes_left_ == 0) {
    if (input.size() < kFrameHeadBytes) return false;
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(input.view()[at]); };
    frame_bytes_left_ =
        kFrameHeadBytes + ((std::size_t{byte(0)} << 16U) | (std::size_t{byte(1)} << 8U) | byte(2));
  }
  const std::string_view bytes = input.view().substr(0, frame_bytes_left_);
  if (bytes.empty()) return false;
  const ssize_t taken = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) broken_ = true;
  input.consume(bytes.size());
  frame_bytes_left_ -= bytes.size();
  return true;
}

void H2ClientSession::consume_piece() {
  piece_ = {};
  const std::size_t taken = std::exchange(unconsumed_, 0);
  // Fails for want of memory only.
  if (taken > 0 && nghttp2_session_consume(session_.get(), stream_id_, taken) != 0) broken_ = true;
}

base::Result<H2ClientSession::Event> H2ClientSession::receive(base::Buffer& input, base::Buffer& output) {
  consume_piece();
  head_ready_ = false;
  while (!ended_) {
    send(output);  // also closes a stream that nghttp2 has reset
    if (failure_) return std::unexpected(*failure_);
    if (!works()) {
      failure_ = upstream_error(ErrorCode::protocol, "the upstream does not speak HTTP/2 as it should");
      return std::unexpected(*failure_);
    }
    if (!step(input)) break;
    if (head_ready_ || !piece_.empty()) break;
  }
  send(output);
  return head_ready_ ? Event::head : piece_.empty() ? Event::none : Event::body;
}

bool H2ClientSession::receive_idle(base::Buffer& input, base::Buffer& output) {
  consume_piece();
  body_out_.release();
  do {
    send(output);
  } while (works() && !failure_ && step(input));
  return can_start();
}

base::Status H2ClientSession::head(ResponseHead& head) const {
  head.status = status_;
  head.reason = reason_phrase(status_);
  head.version_major = 2;
  head.fields.clear();
  // Not more than fit: add_field() has counted them.
  for (std::size_t i = 0; i < received_.size(); ++i) static_cast<void>(head.fields.add(received_[i]));
  const auto control = read_control_fields(head.fields);
  if (!control) {
    return std::unexpected(upstream_error(ErrorCode::protocol, std::string(control.error().why)));
  }
  if (const auto sound = check_bodiless(*control, status_); !sound) {
    return std::unexpected(upstream_error(ErrorCode::protocol, std::string(sound.error().why)));
  }
  head.body = {};
  if (has_no_body(status_, method_)) return {};
  if (control->content_length) {
    head.body = {Framing::length, *control->content_length};
  } else {
    head.body = {ended_ ? Framing::length : Framing::chunked, 0};
  }
  return {};
}

FieldList H2ClientSession::trailers() const {
  FieldList fields;
  if (!trailers_came_) return fields;
  for (std::size_t i = 0; i < received_.size(); ++i) static_cast<void>(fields.add(received_[i]));
  return fields;
}

}  // namespace cardea::http
