#include "tls/handshake_thread.h"

#include <atomic>
#include <utility>

#include <boost/asio/post.hpp>
#include <pthread.h>
#include <sys/resource.h>

#include "net/race.h"
#include "net/remote_call.h"
#include "tls/handshake.h"

namespace cardea::tls {
namespace {

// A tenth of the weight of a worker (nice(2)): where both want the same core the worker comes first, and
// handshakes still go on.
constexpr int kNice = 10;

}  // namespace

struct HandshakeThread::Flight {
  std::unique_ptr<Session> session;
  base::Buffer in, out;
  std::atomic<bool> client_left = false;
};

HandshakeThread::HandshakeThread(net::EventLoop& home) : home_(home) {
  boost::asio::post(thread_, [] {
    pthread_setname_np(pthread_self(), "handshakes");
    static_cast<void>(setpriority(PRIO_PROCESS, 0, kNice));  // of this thread alone, on Linux
  });
}

net::Task<base::Result<Session::Step>> HandshakeThread::step(net::Stream& stream,
                                                             std::unique_ptr<Session>& session,
                                                             const net::Deadline& deadline) {
  if (stream.ended()) co_return closed_early();
  const auto flight = std::make_shared<Flight>();
  flight->session = std::move(session);
  flight->in.append(stream.input().view());
  const std::size_t given = flight->in.size();
  stream.watch([flight] { flight->client_left = true; });
  auto made = co_await net::with_deadline<base::Result<Session::Step>>(home_, deadline.left(), run(flight));
  stream.watch({});
  if (!made) {
    co_return base::fail(
        base::ErrorCode::timeout,
        "the handshake did not get its turn: more clients come than this machine can sign for");
  }
  session = std::move(flight->session);
  // Only from the front: what came meanwhile is behind it.
  stream.input().consume(given - flight->in.size());
  stream.output().append(flight->out.view());
  co_return std::move(*made);
}

net::Task<base::Result<Session::Step>> HandshakeThread::run(const std::shared_ptr<Flight>& flight) {
  co_return co_await net::offload<base::Result<Session::Step>>(
      thread_, home_, [waiting = std::weak_ptr(flight)]() -> base::Result<Session::Step> {
        const auto flight = waiting.lock();
        if (!flight) {
          return base::fail(base::ErrorCode::cancelled, "nobody waits for this handshake any more");
        }
        if (flight->client_left) return closed_early();
        return flight->session->handshake(flight->in, flight->out);
      });
}

}  // namespace cardea::tls
