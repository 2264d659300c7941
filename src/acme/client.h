// Signed requests to one CA: its directory, its nonces, its accounts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "acme/directory.h"
#include "acme/nonce_pool.h"
#include "acme/order_machine.h"
#include "acme/problem.h"
#include "base/error.h"
#include "crypto/key.h"
#include "http/client.h"
#include "net/task.h"

namespace cardea::acme {

// Who signs: an account's key and, once it is known to the CA, its URL.
struct Signer {
  const crypto::PrivateKey& key;
  std::string account_url;  // empty: the request carries the public key instead (newAccount)
};

// One per directory URL. Loop thread only. Errors of all: those of http::Client (the exchange did not
// complete), and rejected with the CA's own words where a call needs success.
class Client {
 public:
  Client(http::Client& http, std::string directory_url)
      : http_(http), directory_url_(std::move(directory_url)) {}

  // Read once and kept until forget_directory().
  net::Task<base::Result<Directory>> directory();
  void forget_directory() { directory_.reset(); }
  // The URL of the account of `key`: found if the CA knows the key, else registered with the terms of service
  // agreed to (RFC 8555 §7.3).
  net::Task<base::Result<std::string>> ensure_account(const crypto::PrivateKey& key, std::string email);
  // One signed POST. Any answer but badNonce is a success of this call; badNonce is tried again with the
  // nonce of that answer, at most kBadNonceRetriesMax times (RFC 8555 §6.5).
  net::Task<base::Result<Response>> post(const Signer& signer, std::string url, std::string payload);

 private:
  net::Task<base::Result<std::string>> take_nonce();
  net::Task<base::Result<Response>> post_once(const Signer& signer, const std::string& url,
                                              const std::string& payload);

  http::Client& http_;
  std::string directory_url_;
  std::optional<Directory> directory_;
  NoncePool nonces_;
};

}  // namespace cardea::acme
