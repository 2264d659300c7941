// How long to wait before the next attempt to reach Redis.
#pragma once

#include <chrono>

namespace cardea::store {

// Doubles from kRedisReconnectDelayMin to kRedisReconnectDelayMax. A random half of each delay is left out,
// so that the nodes that lost one Redis together do not come back to it together.
class Backoff {
 public:
  [[nodiscard]] std::chrono::milliseconds next();
  void reset() { attempts_ = 0; }

 private:
  unsigned attempts_ = 0;
};

}  // namespace cardea::store
