// Answers to http-01 challenges: any node can give the answer that another one ordered.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "net/task.h"
#include "store/redis_client.h"

namespace cardea::store {

// Loop thread only; `client` outlives it, and it outlives its tasks. Errors: those of RedisClient::command().
class ChallengeRepository {
 public:
  explicit ChallengeRepository(RedisClient& client) : client_(client) {}

  // Kept for kChallengeLifetime, so that a crash leaves nothing behind.
  net::Task<base::Status> put(std::string token, std::string key_authorization);
  net::Task<base::Result<std::optional<std::string>>> find(std::string token);
  // No error if there is none.
  net::Task<base::Status> erase(std::string token);

 private:
  RedisClient& client_;
};

}  // namespace cardea::store
