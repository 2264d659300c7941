// Who may work on something right now, across all nodes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "net/task.h"
#include "store/script_runner.h"

namespace cardea::store {

struct Lease {
  std::string name;
  std::string owner;        // random: no two holders share one
  std::uint64_t fence = 0;  // grows with every holder of any lease

  // What is stored while it is held.
  [[nodiscard]] std::string value() const { return owner + ":" + std::to_string(fence); }
};

// Loop thread only; `scripts` outlives it, and it outlives its tasks. Errors: those of
// RedisClient::command().
class LeaseRepository {
 public:
  explicit LeaseRepository(ScriptRunner& scripts) : scripts_(scripts) {}

  // nullopt: somebody else holds it. It ends by itself after `lifetime`, which is at least a millisecond.
  net::Task<base::Result<std::optional<Lease>>> acquire(std::string name, std::chrono::milliseconds lifetime);
  // False: it is not ours any more; stop working.
  net::Task<base::Result<bool>> extend(Lease lease, std::chrono::milliseconds lifetime);
  // False: it was not ours any more; whoever holds it keeps it.
  net::Task<base::Result<bool>> release(Lease lease);

 private:
  ScriptRunner& scripts_;
};

}  // namespace cardea::store
