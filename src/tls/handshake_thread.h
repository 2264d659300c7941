// Handshakes that need a slow signature, on a thread of their own: an RSA key of 2048 bits takes a quarter of
// a millisecond, one of 4096 bits two, for which every other connection of the worker would wait.
#pragma once

#include <memory>

#include <boost/asio/thread_pool.hpp>

#include "base/error.h"
#include "net/deadline.h"
#include "net/event_loop.h"
#include "net/stream.h"
#include "net/task.h"
#include "tls/session.h"

namespace cardea::tls {

// Belongs to one worker and is used on its loop's thread. Its own thread yields to others: who shakes hands
// can wait longer than who waits for a response.
class HandshakeThread {
 public:
  explicit HandshakeThread(net::EventLoop& home);
  HandshakeThread(const HandshakeThread&) = delete;
  HandshakeThread& operator=(const HandshakeThread&) = delete;

  // Session::handshake() with the buffers of `stream`, which may receive more meanwhile. `session` is taken
  // for that time, and kept after an error of the code timeout: the deadline has passed. For a client that
  // left (error: closed), or whose caller was destroyed, before the step began, it is not made.
  net::Task<base::Result<Session::Step>> step(net::Stream& stream, std::unique_ptr<Session>& session,
                                              const net::Deadline& deadline);

 private:
  // What a step works on. Owned by who waits for it, and by the thread while it runs.
  struct Flight;
  net::Task<base::Result<Session::Step>> run(const std::shared_ptr<Flight>& flight);

  net::EventLoop& home_;
  boost::asio::thread_pool thread_{1};
};

}  // namespace cardea::tls
