// Private keys of ACME accounts: one per directory and e-mail address, shared by all nodes.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "net/task.h"
#include "store/redis_client.h"

namespace cardea::store {

// Loop thread only; `client` outlives it, and it outlives its tasks.
// Errors: those of RedisClient::command(); invalid when the directory's URL is none.
class AccountRepository {
 public:
  explicit AccountRepository(RedisClient& client) : client_(client) {}

  // The PEM of the key.
  net::Task<base::Result<std::optional<std::string>>> load(std::string directory_url, std::string email);
  // Returns the PEM that is stored now: ours, or that of whoever was first.
  net::Task<base::Result<std::string>> store_if_absent(std::string directory_url, std::string email,
                                                       std::string private_key_pem);

 private:
  RedisClient& client_;
};

}  // namespace cardea::store
