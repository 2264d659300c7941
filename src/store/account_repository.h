// ACME accounts: one per directory and e-mail address, shared by all nodes. The key stands alone under its
// own name; what else is known of the account, and until when the CA wants to be left alone, beside it.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "net/task.h"
#include "store/account_state.h"
#include "store/redis_client.h"
#include "store/script_runner.h"

namespace cardea::store {

// Loop thread only; `client` outlives it, and it outlives its tasks.
// Errors: those of RedisClient::command(); invalid when the directory's URL is none.
class AccountRepository {
 public:
  AccountRepository(RedisClient& client, ScriptRunner& scripts) : client_(client), scripts_(scripts) {}

  // The PEM of the key.
  net::Task<base::Result<std::optional<std::string>>> load(std::string directory_url, std::string email);
  // Returns the PEM that is stored now: ours, or that of whoever was first.
  net::Task<base::Result<std::string>> store_if_absent(std::string directory_url, std::string email,
                                                       std::string private_key_pem);
  // Gives the key and state of `from` to `to` at the same CA, unless `to` has a key already. False: it has,
  // or `from` has none.
  net::Task<base::Result<bool>> rename(std::string directory_url, std::string from, std::string to);

  // A state that cannot be read counts as none: the CA can be asked again.
  net::Task<base::Result<AccountState>> load_state(std::string directory_url, std::string email);
  net::Task<base::Status> save_state(std::string directory_url, std::string email, AccountState state);

  // nullopt: the CA may be asked. A hold that cannot be read counts as none.
  net::Task<base::Result<std::optional<AccountHold>>> find_hold(std::string directory_url, std::string email);
  // A hold that lasts longer stays.
  net::Task<base::Status> hold(std::string directory_url, std::string email, AccountHold hold,
                               base::Time now);

 private:
  RedisClient& client_;
  ScriptRunner& scripts_;
};

}  // namespace cardea::store
