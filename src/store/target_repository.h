// Proxy targets in Redis.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/task.h"
#include "store/object_store.h"
#include "store/target_record.h"

namespace cardea::store {

// Loop thread only; `client` and `scripts` outlive it, and it outlives its tasks.
// Errors: those of RedisClient::command(); invalid when what is stored is malformed; conflict as said below.
class TargetRepository {
 public:
  TargetRepository(RedisClient& client, ScriptRunner& scripts)
      : objects_(client, scripts, ObjectKind::target) {}

  net::Task<base::Result<std::optional<TargetRecord>>> load(std::string hostname);
  // Sorted by name. A malformed object is left out with a line in the log: one bad object must not hide the
  // others.
  net::Task<base::Result<std::vector<TargetRecord>>> list();
  // The same, with the names of those left out.
  net::Task<base::Result<Listing<TargetRecord>>> list_all();
  // Stores `record` if what is stored is as `expected` (usually record.generation, as it was read; 0 for a
  // new one) and, with a lease, if nobody else holds that lease now. Returns the new generation. Error
  // (conflict): it is not.
  net::Task<base::Result<std::uint64_t>> save(TargetRecord record, Expected expected,
                                              std::optional<Lease> lease = std::nullopt);
  // False: there was none. Error (conflict) as above.
  net::Task<base::Result<bool>> erase(std::string hostname, Expected expected = Expected::any(),
                                      std::optional<Lease> lease = std::nullopt);

 private:
  ObjectStore objects_;
};

}  // namespace cardea::store
