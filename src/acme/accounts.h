// Accounts at CAs: found, registered once for all nodes, and kept in step with what the CA knows.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "acme/client.h"
#include "acme/external_account.h"
#include "acme/failure.h"
#include "acme/keys.h"
#include "base/error.h"
#include "crypto/key.h"
#include "net/event_loop.h"
#include "net/task.h"
#include "store/repositories.h"

namespace cardea::acme {

struct Account {
  std::shared_ptr<const crypto::PrivateKey> key;
  std::string thumbprint;
  std::string url;

  [[nodiscard]] Signer signer() const { return {*key, url}; }
};

// Who wants an account.
struct AccountRequest {
  std::string email;
  std::string previous_email;  // under which it ordered before; "" or the same if it did not
  std::string owner_token_hash;
};

// Loop thread only; what it is made from outlives it.
class Accounts {
 public:
  Accounts(net::EventLoop& loop, Keys& keys, store::Repositories& store,
           std::vector<ExternalAccount> external)
      : loop_(loop), keys_(keys), store_(store), external_(std::move(external)) {}

  // The account of `email` at that CA. A key that the CA knows is found again; else it is registered, with
  // the terms of service agreed to and the external account that .env names. If `previous_email` is another
  // address whose account nobody took yet, that account goes on under the new one (RFC 8555 §7.3.2). One node
  // at a time registers; others wait for it, at most kAccountWait. Failed: `stopped` by kind when the CA has
  // closed the account or wants an external one.
  net::Task<Attempted<Account>> ensure(Client& client, AccountRequest request);
  // Only what is known already; nullopt when there is no usable account.
  net::Task<base::Result<std::optional<Account>>> find(std::string directory_url, std::string email);
  // The CA does not know that URL (any more): the next ensure() asks it anew.
  net::Task<base::Status> forget(std::string directory_url, std::string email, std::string url);

 private:
  struct Known {
    std::string pem;  // "" if there is no key
    store::AccountState state;
  };
  net::Task<base::Result<Known>> load(const std::string& directory_url, const std::string& email);
  // Both under the lease of that account.
  net::Task<Attempted<Account>> settle_once(Client& client, AccountRequest request,
                                            net::Clock::time_point since);
  net::Task<Attempted<Account>> settle(Client& client, AccountRequest request);
  net::Task<Attempted<std::string>> find_url(Client& client, const Directory& directory,
                                             const crypto::PrivateKey& key);
  net::Task<Attempted<std::string>> register_account(Client& client, const Directory& directory,
                                                     const crypto::PrivateKey& key, std::string email,
                                                     store::AccountState& state);
  net::Task<void> tell_contact(Client& client, const Account& account, store::AccountState& state,
                               std::string email);
  net::Task<base::Result<std::string>> make_key(std::string directory_url, AccountRequest request);
  base::Result<Account> make_account(const std::string& pem);

  net::EventLoop& loop_;
  Keys& keys_;
  store::Repositories& store_;
  std::vector<ExternalAccount> external_;
  // Parsed keys by their PEM: reading one takes a third of a millisecond, and every order needs it.
  std::map<std::string, Account> parsed_;
  struct Failure {
    net::Clock::time_point at;
    Failed failed;
  };
  std::map<std::string, Failure> failures_;  // the last one of each account; goes with its next success
};

}  // namespace cardea::acme
