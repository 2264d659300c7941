// A connection to an upstream that speaks HTTP/1.1.
#pragma once

#include "http/body_reader.h"
#include "proxy/upstream_connection.h"

namespace cardea::proxy {

// How long a connection may be idle after that response; 0: it must not be used again.
[[nodiscard]] net::Stream::Duration idle_limit_after(const http::ResponseHead& head);

class UpstreamH1 final : public UpstreamConnection {
 public:
  using UpstreamConnection::UpstreamConnection;

  base::Status send_head(const http::RequestHead& request, const http::ConnectionInfo& client,
                         const Target& target, std::string_view request_id) override;
  base::Status send_body(std::string_view piece) override;
  base::Status end_body(std::string_view piece, const http::FieldList& trailers) override;
  net::Task<base::Status> drain(std::size_t left_max) override;
  base::Result<bool> take_head(http::ResponseHead& head) override;
  base::Result<std::string_view> take_body() override;
  bool end_of_input() override;
  http::FieldList trailers() const override { return body_.trailers(); }

 private:
  bool rest() override;
  bool wake() override;
  [[nodiscard]] bool is_quiet();

  http::Method method_ = http::Method::other;
  bool chunked_ = false;
  std::size_t scanned_ = 0;  // what of the input was found to hold no whole head
  http::BodyReader body_;
};

}  // namespace cardea::proxy
