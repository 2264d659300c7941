// New private keys, made where they hold nobody up.
#pragma once

#include <boost/asio/thread_pool.hpp>

#include "base/error.h"
#include "crypto/key.h"
#include "net/event_loop.h"
#include "net/task.h"

namespace cardea::acme {

// Loop thread only; both outlive it. RSA takes up to a second of CPU: `pool` is for that.
class Keys {
 public:
  Keys(boost::asio::thread_pool& pool, net::EventLoop& loop) : pool_(pool), loop_(loop) {}

  net::Task<base::Result<crypto::PrivateKey>> generate(crypto::KeyType type);

 private:
  boost::asio::thread_pool& pool_;
  net::EventLoop& loop_;
};

}  // namespace cardea::acme
