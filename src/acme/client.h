// Signed requests to one CA: its directory and its nonces.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "acme/directory.h"
#include "acme/failure.h"
#include "acme/nonce_pool.h"
#include "acme/response.h"
#include "base/error.h"
#include "crypto/key.h"
#include "http/client.h"
#include "net/event_loop.h"
#include "net/task.h"

namespace cardea::acme {

// Who signs: an account's key and, once it is known to the CA, its URL.
struct Signer {
  const crypto::PrivateKey& key;
  std::string account_url;  // empty: the request carries the public key instead (newAccount, revokeCert)
};

// One per directory URL. Loop thread only. Errors of all: those of http::Client (the exchange did not
// complete).
class Client {
 public:
  Client(http::Client& http, std::string directory_url)
      : http_(http), directory_url_(std::move(directory_url)) {}

  // Kept for kDirectoryLifetime. Failed: also when the CA refuses it, with its own words and Retry-After.
  net::Task<Attempted<Directory>> directory();
  void forget_directory() { directory_.reset(); }
  // One signed POST. Any answer but badNonce is a success of this call; badNonce is tried again with the
  // nonce of that answer, at most kBadNonceRetriesMax times (RFC 8555 §6.5). A refusal of the nonce that it
  // needs is its answer, too: a CA that is asked too much may say so there already.
  net::Task<base::Result<Response>> post(const Signer& signer, std::string url, std::string payload);
  // An unsigned GET (renewalInfo). Any answer is a success of this call.
  net::Task<base::Result<Response>> get(std::string url);
  [[nodiscard]] const std::string& directory_url() const { return directory_url_; }

 private:
  // A nonce, or why the CA gives none.
  net::Task<base::Result<std::variant<std::string, Response>>> take_nonce();
  net::Task<base::Result<Response>> post_once(const Signer& signer, const std::string& url,
                                              const std::string& payload);

  http::Client& http_;
  std::string directory_url_;
  std::optional<Directory> directory_;
  net::Clock::time_point directory_until_;
  NoncePool nonces_;
};

}  // namespace cardea::acme
