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

  // In one step: adds one event to each window of `counted` if each of them and of `others` has room for it
  // (nullopt), or changes nothing and says which one is full for the longest time, by its index in both lists
  // one after the other. `event` is its id: a window that has it already has room, and a call whose answer
  // was lost can be repeated.
  net::Task<base::Result<std::optional<FullWindow>>> reserve(std::vector<LedgerWindow> counted,
                                                             std::vector<LedgerWindow> others,
                                                             std::string event, base::Time now);
  // Adds one event to each window, full or not; one that is there already counts from `now`.
  net::Task<base::Status> add(std::vector<LedgerWindow> windows, std::string event, base::Time now);
  // Takes an event back that did not happen after all.
  net::Task<base::Status> remove(std::vector<LedgerWindow> windows, std::string event);

 private:
  ScriptRunner& scripts_;
};

}  // namespace cardea::store
