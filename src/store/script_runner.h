// Running Lua scripts by their hash, so that the text crosses the wire once.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "net/task.h"
#include "store/redis_client.h"

namespace cardea::store {

// Loop thread only; `client` outlives it, and it outlives the tasks it makes.
class ScriptRunner {
 public:
  explicit ScriptRunner(RedisClient& client) : client_(client) {}

  // `script` is one of scripts.h or challenge_scripts.h. Errors: those of RedisClient::command(); rejected
  // when the script itself fails. Redis forgets scripts when it restarts: NOSCRIPT means that nothing ran,
  // and the text is sent instead.
  net::Task<base::Result<RedisReply>> run(const std::string& script, std::vector<std::string> keys,
                                          std::vector<std::string> arguments);

 private:
  net::Task<base::Result<std::string>> load(const std::string& script);

  RedisClient& client_;
  std::unordered_map<const std::string*, std::string> hashes_;  // by the script's address
};

}  // namespace cardea::store
