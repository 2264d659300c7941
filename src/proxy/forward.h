// One request on its way: the phases of the request walk in docs/architecture.md, in order.
#pragma once

#include <memory>
#include <optional>

#include "http/exchange.h"
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
  // False: the body did not get through.
  net::Task<bool> send_body();
  void end_request_body();
  net::Task<base::Status> receive_head();
  net::Task<base::Status> read_upstream();
  // What of heads is here; the final one starts the response.
  base::Status take_heads();
  base::Status take_interim(const http::ResponseHead& head);
  base::Status take_final(const http::ResponseHead& head);
  // The upstream agreed to the upgrade that the client asked for.
  base::Status take_switch(const http::ResponseHead& head);
  net::Task<base::Status> relay_body();
  base::Status relay_available();
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
      client_error_;           // set: whatever the upstream does, the client's fault comes first
  bool body_touched_ = false;  // some of the request body was taken from the client
  // held: the upstream is to say whether it wants the body (Expect: 100-continue).
  enum class Upload : std::uint8_t { none, held, running, complete, failed };
  Upload upload_ = Upload::none;
  bool switched_ = false;  // the exchange is a tunnel
  int interim_responses_ = 0;
  net::Stream::Duration body_idle_limit_{};
  // Last: the upload uses everything above.
  net::TaskGroup upload_tasks_;
};

}  // namespace cardea::proxy
