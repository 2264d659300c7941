// One request on its way: the phases of the request walk in docs/architecture.md, in order.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "http/exchange.h"
#include "net/deadline.h"
#include "net/task.h"
#include "net/task_group.h"
#include "proxy/target.h"
#include "proxy/upstream_pool.h"

namespace cardea::proxy {

// Lives for one exchange. Worker thread only.
class Forward {
 public:
  Forward(net::EventLoop& loop, http::Exchange& exchange, const Target& target, UpstreamPool& pool)
      : loop_(loop), exchange_(exchange), target_(target), pool_(pool) {}
  Forward(const Forward&) = delete;
  Forward& operator=(const Forward&) = delete;
  ~Forward() { exchange_.watch_client({}); }

  // Error: source client, and nobody is left to answer; source upstream, and the error page says what
  // happened.
  net::Task<base::Status> run();

 private:
  enum class Reuse : std::uint8_t { allowed, fresh };
  net::Task<base::Status> acquire(Reuse reuse);
  net::Task<base::Status> send_request();
  void begin_upload();
  net::Task<void> upload();
  // Another connection after one that was dead, and everything from the start.
  net::Task<base::Status> start_anew();
  // A piece that was taken from the client.
  void keep(std::string_view piece);
  // False: the body did not get through.
  net::Task<bool> send_body();
  net::Task<base::Status> receive_head();
  // Waits for more input until something is due; true: there may be some, false: the upstream ended.
  net::Task<base::Result<bool>> read_upstream();
  // From now on the upstream has `limit` for its next head, or piece of the body.
  void expect_within(net::Stream::Duration limit);
  // The same limit anew: it has shown that it is at work.
  void renew() { due_ = net::Deadline(limit_); }
  // What was due has not come. Error: timeout, if the upstream is to blame.
  base::Status on_silence();
  // What of heads is here; the final one starts the response.
  base::Status take_heads();
  base::Status take_interim(const http::ResponseHead& head);
  base::Status take_final(const http::ResponseHead& head);
  // The upstream agreed to the upgrade that the client asked for.
  base::Status take_switch(const http::ResponseHead& head);
  net::Task<base::Status> relay_body();
  // False: nothing of the body was here.
  base::Result<bool> relay_available();
  void end_response_body();
  void release();

  [[nodiscard]] bool may_retry(const base::Error& error) const;
  [[nodiscard]] net::Stream& upstream() { return connection_->stream; }

  net::EventLoop& loop_;
  http::Exchange& exchange_;
  const Target& target_;
  UpstreamPool& pool_;
  std::unique_ptr<UpstreamConnection> connection_;
  std::optional<base::Error>
      client_error_;  // set: whatever the upstream does, the client's fault comes first
  // The request can be sent again: nothing of its body was taken from the client, or replay_ has all of that.
  bool replayable_ = true;
  std::string replay_;
  // held: the upstream is to say whether it wants the body (Expect: 100-continue).
  enum class Upload : std::uint8_t { none, held, running, complete, failed };
  Upload upload_ = Upload::none;
  bool switched_ = false;  // the exchange is a tunnel
  int interim_responses_ = 0;
  // When a head, or the next piece of the body, is due. Not any byte renews it: the server may keep the
  // connection alive for an application that hangs (PING of HTTP/2), and a head may trickle.
  net::Stream::Duration limit_ = base::kUpstreamHeadTimeout;
  net::Deadline due_{limit_};
  // Last: the upload uses everything above.
  net::TaskGroup upload_tasks_;
};

}  // namespace cardea::proxy
