// Answers to challenges: any node can give the answer that another one ordered.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/error.h"
#include "net/task.h"
#include "store/redis_client.h"
#include "store/script_runner.h"

namespace cardea::store {

// Loop thread only; `client` and `scripts` outlive it, and it outlives its tasks. Errors: those of
// RedisClient::command(), and conflict as said below.
class ChallengeRepository {
 public:
  ChallengeRepository(RedisClient& client, ScriptRunner& scripts) : client_(client), scripts_(scripts) {}

  // http-01, by token. Kept for kChallengeLifetime, so that a crash leaves nothing behind.
  net::Task<base::Status> put(std::string token, std::string key_authorization);
  net::Task<base::Result<std::optional<std::string>>> find(std::string token);
  // `delay` from now, for a CA that may still ask. No error if there is none.
  net::Task<base::Status> erase(std::string token, std::chrono::seconds delay);

  // tls-alpn-01, by domain (canonical): the CA's handshake names nothing else, so a domain has one at a time.
  // Kept for kChallengeLifetime; putting the same one again, as after a crash, begins that time anew.
  // What another order of the same account left is replaced. Error (conflict, retryable, source self):
  // another account's order has its own there; it goes with that order or with time.
  net::Task<base::Status> put_tls_alpn(std::string domain, std::string key_authorization);
  net::Task<base::Result<std::optional<std::string>>> find_tls_alpn(std::string domain);
  // As erase(); leaves that of another order alone.
  net::Task<base::Status> erase_tls_alpn(std::string domain, std::string key_authorization,
                                         std::chrono::seconds delay);

 private:
  RedisClient& client_;
  ScriptRunner& scripts_;
};

}  // namespace cardea::store
