#include "http/h1_connection.h"

#include <optional>

#include "base/limits.h"
#include "base/log.h"
#include "http/h1_exchange.h"
#include "http/respond.h"
#include "net/deadline.h"
#include "net/linger.h"

namespace cardea::http {
namespace {

using State = ConnectionSet::Member::State;

// What of an unread request body is skipped to keep the connection.
constexpr std::size_t kSkippedBodyBytesMax = 64 * 1024;
// Head storage is kept for the next request unless an unusual one made it large.
constexpr std::size_t kHeadBytesKept = 4096;

// Has the handler told of an exchange from its begin to its end, however it ends.
class Recording {
 public:
  Recording(Handler& handler, H1Exchange& exchange) : handler_(handler), exchange_(exchange) {
    handler_.begin(exchange_.record());
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  ~Recording() {
    // Who left before its head was complete made no request.
    if (exchange_.has_head() || exchange_.response_started()) handler_.end(exchange_);
  }

 private:
  Handler& handler_;
  H1Exchange& exchange_;
};

class H1Connection {
 public:
  H1Connection(net::Stream& stream, const ConnectionInfo& info, Handler& handler, ConnectionSet& connections)
      : stream_(stream), info_(info), handler_(handler), member_(connections, stream) {}

  net::Task<void> run() {
    while (co_await first_bytes() && co_await serve_one()) {
    }
    co_await net::linger(stream_);
  }

 private:
  // False: the connection is over. Not inlined, as its frame would then be a part of run()'s: it has the 4
  // KiB of a request's fields, and there are many connections that wait for their next request.
  [[gnu::noinline]] net::Task<bool> serve_one() {
    member_.set_state(State::busy);
    H1Exchange exchange(stream_, info_, head_bytes_);
    const Recording recording(handler_, exchange);
    if (!co_await read_head(exchange)) co_return false;
    if (member_.draining()) exchange.close_after_response();
    co_await handler_.serve(exchange);
    stream_.watch({});
    // An aborted one has nobody left to answer.
    if (!exchange.response_started() && stream_.is_open()) {
      co_await respond_error(exchange, 500, "This request was not answered.");
    }
    if (!exchange.body_done()) co_await skip_body(exchange);
    co_return exchange.reusable() && !member_.draining();
  }

  net::Task<bool> first_bytes() {
    member_.set_state(State::idle);
    if (head_bytes_.capacity() > kHeadBytesKept) head_bytes_ = std::string();
    auto limit = net::Stream::Duration(base::kBuffersKept);
    while (stream_.input().empty()) {
      auto more = co_await stream_.read(limit);
      if (!more && more.error().code == base::ErrorCode::timeout && limit == base::kBuffersKept) {
        // Nothing for a moment: most connections stay idle from here on, and there are many of them.
        stream_.release_buffers();
        head_bytes_ = std::string();
        limit = base::kClientIdleTimeout;
        continue;
      }
      if (!more || !*more) co_return false;
    }
    co_return true;
  }

  net::Task<bool> read_head(H1Exchange& exchange) {
    std::size_t scanned = 0;
    std::optional<net::Deadline> deadline;
    for (;;) {
      const auto parsed = exchange.parse(scanned);
      if (!parsed) {
        exchange.close_after_response();
        co_await respond_error(exchange, parsed.error().status, parsed.error().why);
        co_return false;
      }
      if (*parsed > 0) co_return true;
      scanned = stream_.input().size();
      // One deadline for the whole head: a byte now and then does not prolong it.
      if (!deadline) deadline.emplace(base::kRequestHeadTimeout);
      auto more = co_await stream_.read(deadline->left());
      const bool late = more ? *more && deadline->passed() : more.error().code == base::ErrorCode::timeout;
      if (more && *more && !late) continue;
      if (late) {
        exchange.close_after_response();
        co_await respond_error(exchange, 408, "The request did not arrive in time.");
      }
      co_return false;
    }
  }

  // The answer went out before the body was read. A short rest is skipped, a long one ends the connection.
  net::Task<void> skip_body(H1Exchange& exchange) {
    if (!exchange.reusable_after_body()) co_return;
    std::size_t skipped = 0;
    while (!exchange.body_done() && skipped <= kSkippedBodyBytesMax) {
      auto piece = co_await exchange.read_body();
      if (!piece) co_return;
      skipped += piece->size();
    }
  }

  net::Stream& stream_;
  const ConnectionInfo& info_;
  Handler& handler_;
  ConnectionSet::Member member_;
  std::string head_bytes_;
};

}  // namespace

net::Task<void> serve_h1(net::Stream stream, ConnectionInfo info, Handler& handler,
                         ConnectionSet& connections) {
  // The parameters live in this frame, as long as the connection: no second copy of them.
  H1Connection connection(stream, info, handler, connections);
  co_await connection.run();
}

}  // namespace cardea::http
