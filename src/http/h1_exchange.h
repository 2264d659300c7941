// The Exchange of an HTTP/1 connection. Nobody but h1_connection.cc makes one.
#pragma once

#include <string>

#include "base/limits.h"
#include "http/body_reader.h"
#include "http/exchange.h"
#include "net/patience.h"
#include "net/stream.h"

namespace cardea::http {

class H1Exchange final : public Exchange {
 public:
  H1Exchange(net::Stream& stream, const ConnectionInfo& info, std::string& head_bytes)
      : stream_(stream), info_(info), head_bytes_(head_bytes) {}

  // Parses a head from the stream's input. 0: more bytes are needed. On success the head's bytes are moved to
  // `head_bytes`, because the input buffer moves when more is received.
  std::expected<std::size_t, ParseError> parse(std::size_t scanned);
  // Whether parse() has had its success.
  [[nodiscard]] bool has_head() const { return !head_.method_text.empty(); }
  // The response must be the last of the connection.
  void close_after_response() { keep_alive_ = false; }
  // After serve(): may the connection be used for another request? Never if a body was left half read.
  [[nodiscard]] bool reusable() const { return reusable_after_body() && body_.done(); }
  // The same, provided that the rest of the request's body is read first.
  [[nodiscard]] bool reusable_after_body() const { return keep_alive_ && finished_ && stream_.is_open(); }

  const RequestHead& request() const override { return head_; }
  const ConnectionInfo& connection() const override { return info_; }
  net::Task<base::Result<std::string_view>> read_body() override;
  base::Result<std::string_view> take_body() override;
  bool body_done() const override { return body_.done(); }
  FieldList request_trailers() const override { return body_.trailers(); }
  base::Status send_interim(const ResponseHead& head) override;
  void start_response(const ResponseHead& head) override;
  bool response_started() const override { return started_; }
  void start_tunnel(const ResponseHead& head, net::Stream::Duration idle_limit) override;
  base::Status write_body(std::string_view piece) override;
  std::size_t queued() const override { return stream_.queued(); }
  net::Task<base::Status> flush() override;
  void end_body(const FieldList& trailers) override;
  net::Task<base::Status> finish() override;
  bool finished() const override { return finished_; }
  void abort() override;
  void spare_memory() override { stream_.spare_memory(); }
  void watch_client(std::function<void()> on_gone) override { stream_.watch(std::move(on_gone)); }

 private:
  static constexpr net::RateMin kClientRateMin{base::kBodyRateMin};

  void forget_head();
  // A tunnel may trickle: it may as well be silent.
  [[nodiscard]] net::RateMin client_rate() const { return tunnel_ ? net::RateMin::none : kClientRateMin; }

  net::Stream& stream_;
  const ConnectionInfo& info_;
  std::string& head_bytes_;
  RequestHead head_;
  BodyReader body_;
  bool continue_sent_ = false;
  bool started_ = false;
  bool finished_ = false;
  bool keep_alive_ = true;
  Framing sending_ = Framing::none;  // how the response's body goes out
  bool tunnel_ = false;
  net::Stream::Duration tunnel_idle_limit_{};
  net::Patience patience_{base::kBodyProgressTimeout, kClientRateMin};  // with the request's body
};

}  // namespace cardea::http
