// Which certificate wants something done, and when: a sorted set of names by time. It is derived from
// next_action_at of the certificates, which every save copies into it, and can be filled again from them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/task.h"
#include "store/redis_client.h"
#include "store/script_runner.h"

namespace cardea::store {

// Loop thread only; what it is made from outlives it, and it outlives its tasks. Errors: those of
// RedisClient::command().
class DueQueue {
 public:
  struct Entry {
    std::string cert_name;
    base::Time at;
  };

  DueQueue(RedisClient& client, ScriptRunner& scripts) : client_(client), scripts_(scripts) {}

  // At most `count` names that are due at `now`, the longest due first. Each comes back at `again_at` unless
  // a save says otherwise: other nodes do not claim it meanwhile, and who dies on it loses nothing.
  net::Task<base::Result<std::vector<std::string>>> claim(base::Time now, std::size_t count,
                                                          base::Time again_at);
  // Another node works on it: it comes up again at `at`. Leaves a name that is not queued alone.
  net::Task<base::Status> move(std::string cert_name, base::Time at);
  // For a certificate that was looked at and wants nothing before `at`, or nothing at all (nullopt), unless
  // it was written since: `generation` is what was read, nullopt that there was none. Who wrote it has queued
  // it himself.
  net::Task<base::Status> settle(std::string cert_name, std::optional<std::uint64_t> generation,
                                 std::optional<base::Time> at);
  // Adds those that are not queued at all.
  net::Task<base::Status> add_missing(std::vector<Entry> entries);

 private:
  RedisClient& client_;
  ScriptRunner& scripts_;
};

}  // namespace cardea::store
