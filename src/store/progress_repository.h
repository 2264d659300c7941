// How far the making of a certificate is, for those who watch. Of no consequence when lost.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "net/task.h"
#include "store/redis_client.h"

namespace cardea::store {

struct Progress {
  std::string step;     // a word, such as "order"
  std::string message;  // a sentence for a person
  std::optional<base::Time> at;
};

// Loop thread only; `client` outlives it, and it outlives its tasks.
// Errors: those of RedisClient::command(); invalid when what is stored is malformed.
class ProgressRepository {
 public:
  explicit ProgressRepository(RedisClient& client) : client_(client) {}

  // Kept for kProgressLifetime.
  net::Task<base::Status> put(std::string cert_name, std::string step, std::string message);
  net::Task<base::Result<std::optional<Progress>>> find(std::string cert_name);
  // The work is over, whatever came of it. No error if there is none.
  net::Task<base::Status> erase(std::string cert_name);

 private:
  RedisClient& client_;
};

}  // namespace cardea::store
