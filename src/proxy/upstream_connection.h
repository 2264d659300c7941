// One connection to an upstream, leased to one exchange or idle in the pool. A subclass for each version of
// HTTP that upstreams speak.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/limits.h"
#include "http/exchange.h"
#include "http/message.h"
#include "net/event_loop.h"
#include "net/stream.h"
#include "net/task.h"
#include "proxy/target.h"

namespace cardea::proxy {

class UpstreamPool;

[[nodiscard]] inline std::unexpected<base::Error> upstream_error(base::ErrorCode code, std::string_view why) {
  return base::fail(code, std::string(why), base::ErrorSource::upstream);
}

// Worker thread only. Carries one request at a time: send_head(), then send_body()… and end_body() if it has
// a body; meanwhile take_head() until the final one, then take_body() until response_done(). Nothing here
// waits but drain(): who sends flushes `stream`, and who finds nothing to take reads from it and tries again.
// All views are good until that.
class UpstreamConnection : private net::TimerWheel::Timer {
 public:
  UpstreamConnection(net::Stream connected, std::string_view upstream_key)
      : stream(std::move(connected)), key_(upstream_key) {}

  net::Stream stream;
  bool reused = false;  // it served a request before

  // Queues the request's head. Error: closed.
  virtual base::Status send_head(const http::RequestHead& request, const http::ConnectionInfo& client,
                                 const Target& target, std::string_view request_id) = 0;
  // Queues a piece of the body, which is copied.
  virtual base::Status send_body(std::string_view piece) = 0;
  // The last piece, which may be empty, and the end: with it, as an HTTP/2 window that is just full lets no
  // end follow.
  virtual base::Status end_body(std::string_view piece, const http::FieldList& trailers) = 0;
  // Bytes of the body that are neither with the socket nor in `stream`, as the protocol forbids to send them
  // yet.
  [[nodiscard]] std::size_t held_back() const { return held_back_; }
  // Sends until no more than `left_max` bytes are held back. Error: timeout when nothing moved for
  // kBodyProgressTimeout, closed.
  virtual net::Task<base::Status> drain(std::size_t left_max) = 0;

  // The next head of the response, interim or final; false: it is not here yet. Error: protocol, rejected, or
  // closed; retryable if the upstream says itself that it did nothing for the request.
  virtual base::Result<bool> take_head(http::ResponseHead& head) = 0;
  // The next piece of the body; empty and not response_done(): it is not here yet. Error as above.
  virtual base::Result<std::string_view> take_body() = 0;
  // The upstream ended its direction: whether that ends the response properly.
  virtual bool end_of_input() = 0;
  // After the body.
  [[nodiscard]] virtual http::FieldList trailers() const = 0;
  // Whether something of the response came; the whole body.
  [[nodiscard]] bool response_begun() const { return response_begun_; }
  [[nodiscard]] bool response_done() const { return response_done_; }

 protected:
  void begin_request() { response_begun_ = response_done_ = false; }
  // Leaves the pool and ends, from rest() on. Not from a coroutine of this connection.
  void drop();

  net::Stream::Duration idle_limit_ = base::kUpstreamIdleTimeout;  // how long the pool keeps it
  std::size_t held_back_ = 0;
  bool response_begun_ = false;
  bool response_done_ = false;

 private:
  friend class UpstreamPool;
  // Idle from here on, and watches its peer. False: it is not fit for another request.
  virtual bool rest() = 0;
  // Idle no longer. False: it has become unfit.
  virtual bool wake() = 0;
  void on_expired() override { drop(); }

  std::string key_;
  UpstreamPool* pool_ = nullptr;  // while idle
};

}  // namespace cardea::proxy
