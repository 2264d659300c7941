// How often something was done within a time, counted by all nodes together: sliding windows in Redis.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/task.h"
#include "store/script_runner.h"

namespace cardea::store {

// At most `count` events within any `length`.
struct LedgerWindow {
  std::string provider;  // the CA
  std::string limit;     // which of its limits
  std::string subject;   // what is counted: an account, a name, …
  std::uint64_t count = 0;
  std::chrono::seconds length{};
};

struct FullWindow {
  std::size_t index = 0;  // in the list that was asked about
  base::Time free_at;     // later than the time that was asked about
};

// Loop thread only; `scripts` outlives it, and it outlives its tasks. Errors: those of
// RedisClient::command().
class LedgerRepository {
 public:
  explicit LedgerRepository(ScriptRunner& scripts) : scripts_(scripts) {}

  // The window that is full for the longest time; nullopt: one more event fits into each. Changes nothing.
  net::Task<base::Result<std::optional<FullWindow>>> find_full(std::vector<LedgerWindow> windows,
                                                               base::Time now);
  // Adds one event to each window, full or not. `event` is its id: added again, it is not counted again, so a
  // call whose answer was lost can be repeated.
  net::Task<base::Status> add(std::vector<LedgerWindow> windows, std::string event, base::Time now);

 private:
  ScriptRunner& scripts_;
};

}  // namespace cardea::store
