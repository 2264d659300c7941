#include "acme/keys.h"

#include <sys/resource.h>

#include "net/remote_call.h"

namespace cardea::acme {
namespace {

// Requests come first: a thousand keys must not slow down the workers. On Linux a thread has a niceness of
// its own.
void yield_to_workers() {
  constexpr int kNice = 15;
  thread_local const bool kDone = setpriority(PRIO_PROCESS, 0, kNice) == 0;
  static_cast<void>(kDone);
}

}  // namespace

net::Task<base::Result<crypto::PrivateKey>> Keys::generate(crypto::KeyType type) {
  return net::offload<base::Result<crypto::PrivateKey>>(pool_, loop_, [type] {
    yield_to_workers();
    return crypto::PrivateKey::generate(type);
  });
}

}  // namespace cardea::acme
