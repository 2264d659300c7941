// A connection to an upstream that speaks HTTP/2 without TLS and without an upgrade: "prior knowledge",
// RFC 9113 §3.3. It carries one request at a time like one of HTTP/1, so a client never waits for another's
// response; several at once need several connections.
#pragma once

#include "http/h2_client_session.h"
#include "net/signal.h"
#include "net/task_group.h"
#include "proxy/upstream_connection.h"

namespace cardea::proxy {

class UpstreamH2 final : public UpstreamConnection {
 public:
  UpstreamH2(net::EventLoop& loop, net::Stream connected, std::string_view upstream_key)
      : UpstreamConnection(std::move(connected), upstream_key), progress_(loop) {}

  base::Status send_head(const http::RequestHead& request, const http::ConnectionInfo& client,
                         const Target& target, std::string_view request_id) override;
  base::Status send_body(std::string_view piece) override;
  base::Status end_body(std::string_view piece, const http::FieldList& trailers) override;
  net::Task<base::Status> drain(std::size_t left_max) override;
  base::Result<bool> take_head(http::ResponseHead& head) override;
  base::Result<std::string_view> take_body() override;
  bool end_of_input() override { return response_done_; }
  http::FieldList trailers() const override { return session_.trailers(); }

 private:
  using Event = http::H2ClientSession::Event;

  bool rest() override;
  bool wake() override;
  // Gives out what the session has to say as far as `stream` has room for it.
  void queue();
  base::Result<Event> receive();
  // Takes what came between two requests. False: the connection is of no more use.
  bool settle();
  net::Task<void> attend();

  http::H2ClientSession session_;
  http::H2Fields head_;
  net::Signal progress_;  // the server has taken some of what was held back, or the request is over
  net::TaskGroup tasks_;  // last: it uses everything above
};

}  // namespace cardea::proxy
