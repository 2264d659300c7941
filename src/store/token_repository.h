// API tokens in Redis, under two keys: by hash for authentication, by name for management.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/task.h"
#include "store/redis_client.h"
#include "store/script_runner.h"
#include "store/token_record.h"

namespace cardea::store {

// Loop thread only; `client` and `scripts` outlive it, and it outlives its tasks.
// Errors: those of RedisClient::command(); invalid when what is stored is malformed; conflict as said below.
class TokenRepository {
 public:
  TokenRepository(RedisClient& client, ScriptRunner& scripts) : client_(client), scripts_(scripts) {}

  // Error (conflict): a token of this name, or this very token, exists.
  net::Task<base::Status> create(TokenRecord record);
  // `hash` as hash_token() makes it.
  net::Task<base::Result<std::optional<TokenRecord>>> find_by_hash(std::string hash);
  net::Task<base::Result<std::optional<TokenRecord>>> find_by_name(std::string name);
  // Sorted by name. A malformed one is left out with a line in the log.
  net::Task<base::Result<std::vector<TokenRecord>>> list();
  // Removes both keys. False: there was none. Error (conflict): it was changed again and again meanwhile.
  net::Task<base::Result<bool>> erase(std::string name);

 private:
  net::Task<base::Result<std::optional<std::string>>> load(std::string key);
  net::Task<base::Result<bool>> run(const std::string& script, std::string name, std::string hash,
                                    std::string json);

  RedisClient& client_;
  ScriptRunner& scripts_;
};

}  // namespace cardea::store
