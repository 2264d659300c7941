#include "http/h2_server.h"

#include <algorithm>
#include <string_view>

#include <gtest/gtest.h>

namespace cardea::http {
namespace {

std::vector<nghttp2_nv> to_nghttp2(const Fields& fields) {
  const auto bytes = [](const std::string& text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  std::vector<nghttp2_nv> out;
  for (const auto& [name, value] : fields) {
    out.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return out;
}

std::string to_text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

struct H2Server::Callbacks {
  static H2Server& self(void* server) { return *static_cast<H2Server*>(server); }

  static int on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t /*flags*/, void* user_data) {
    Request& request = self(user_data).requests_[frame->hd.stream_id];
    Fields& fields = request.head_complete ? request.trailers : request.head;
    fields.emplace_back(to_text(name, name_size), to_text(value, value_size));
    return 0;
  }

  static int on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user_data) {
    H2Server& server = self(user_data);
    if (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) {
      Request& request = server.requests_[frame->hd.stream_id];
      request.head_complete = true;
      if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) request.ended = true;
    } else if (frame->hd.type == NGHTTP2_RST_STREAM) {
      server.requests_[frame->hd.stream_id].reset = frame->rst_stream.error_code;
    } else if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
      ++server.pings_answered_;
    } else if (frame->hd.type == NGHTTP2_SETTINGS) {
      for (std::size_t i = 0; i < frame->settings.niv; ++i) {
        server.settings_[frame->settings.iv[i].settings_id] = frame->settings.iv[i].value;
      }
    }
    return 0;
  }

  static int on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t stream_id,
                     const std::uint8_t* bytes, std::size_t size, void* user_data) {
    self(user_data).requests_[stream_id].body += to_text(bytes, size);
    return 0;
  }

  static ssize_t read_pending(nghttp2_session* session, std::int32_t stream_id, std::uint8_t* to,
                              std::size_t size, std::uint32_t* flags, nghttp2_data_source* /*source*/,
                              void* user_data) {
    H2Server& server = self(user_data);
    const std::size_t bytes = std::min(size, server.pending_.size());
    if (bytes == 0 && server.then_ == Then::more) return NGHTTP2_ERR_DEFERRED;
    std::copy_n(server.pending_.data(), bytes, reinterpret_cast<char*>(to));
    server.pending_.erase(0, bytes);
    if (!server.pending_.empty() || server.then_ == Then::more) return static_cast<ssize_t>(bytes);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (server.then_ == Then::trailers) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const auto fields = to_nghttp2(server.trailers_);
      EXPECT_EQ(nghttp2_submit_trailer(session, stream_id, fields.data(), fields.size()), 0);
    }
    return static_cast<ssize_t>(bytes);
  }
};

H2Server::H2Server() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* options = nullptr;
  EXPECT_EQ(nghttp2_session_callbacks_new(&callbacks), 0);
  EXPECT_EQ(nghttp2_option_new(&options), 0);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::on_data);
  nghttp2_option_set_no_auto_window_update(options, 1);
  EXPECT_EQ(nghttp2_session_server_new2(&session_, callbacks, this, options), 0);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  EXPECT_EQ(nghttp2_submit_settings(session_, 0, nullptr, 0), 0);
}

void H2Server::receive(base::Buffer& bytes) {
  const std::string_view all = bytes.view();
  if (all.empty()) return;
  const auto taken =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(all.data()), all.size());
  EXPECT_EQ(taken, static_cast<ssize_t>(all.size()));
  bytes.consume(all.size());
}

void H2Server::send(base::Buffer& to) {
  for (;;) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    ASSERT_GE(size, 0);
    if (size == 0) return;
    to.append({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  }
}

void H2Server::head(const Fields& fields, std::uint8_t flags) {
  const auto all = to_nghttp2(fields);
  EXPECT_EQ(nghttp2_submit_headers(session_, flags, stream(), nullptr, all.data(), all.size(), nullptr), 0);
}

void H2Server::body(std::string body, Then then, Fields trailers) {
  pending_ = std::move(body);
  then_ = then;
  trailers_ = std::move(trailers);
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::read_pending;
  EXPECT_EQ(nghttp2_submit_data(session_, NGHTTP2_FLAG_END_STREAM, stream(), &provider), 0);
}

void H2Server::go_on(std::string body, Then then) {
  pending_ = std::move(body);
  then_ = then;
  EXPECT_EQ(nghttp2_session_resume_data(session_, stream()), 0);
}

void H2Server::take(std::size_t bytes) {
  EXPECT_EQ(nghttp2_session_consume(session_, stream(), bytes), 0);
}

void H2Server::reset(std::uint32_t code) {
  EXPECT_EQ(nghttp2_submit_rst_stream(session_, 0, stream(), code), 0);
}

void H2Server::ping() {
  EXPECT_EQ(nghttp2_submit_ping(session_, 0, nullptr), 0);
}

void H2Server::allow_streams(std::uint32_t count) {
  const nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, count};
  EXPECT_EQ(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1), 0);
}

void H2Server::goaway(std::int32_t last_stream, std::uint32_t code) {
  EXPECT_EQ(nghttp2_submit_goaway(session_, 0, last_stream, code, nullptr, 0), 0);
}

}  // namespace cardea::http
