// /certificates: ordering, looking at, renewing, revoking and deleting certificates.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/certificate_view.h"
#include "api/message.h"
#include "api/services.h"
#include "net/task.h"

namespace cardea::api {

// Revocations that are not done yet.
enum class Waiting : std::uint8_t { respect, forget };

// Control thread only.
class Certificates {
 public:
  explicit Certificates(Services& services) : services_(services) {}

  // Everybody's, or the caller's own.
  net::Task<Response> list(std::optional<store::TokenRecord> caller);
  // With the private key for the owner alone, and not for names of others (api/name_rights.h): 401, 403 else.
  net::Task<Response> get(std::optional<store::TokenRecord> caller, std::string cert_name,
                          WithPrivateKey key);
  net::Task<Response> status(std::string cert_name);
  // 202: the order runs; 400, 403 (api/name_rights.h), 409 as the API's conventions say.
  net::Task<Response> create(store::TokenRecord caller, std::string body);
  // 202 with the object; with ?wait=SECONDS 200 with the renewed object, or 502 with the CA's reason.
  net::Task<Response> renew(store::TokenRecord caller, std::string cert_name, std::string body,
                            std::string query);
  // 202 with the object; the revocation is done in the background and again until the CA has taken it.
  net::Task<Response> revoke(store::TokenRecord caller, std::string cert_name, std::string body);
  // 409 while a revocation waits, unless it is to be forgotten.
  net::Task<Response> erase(store::TokenRecord caller, std::string cert_name, Waiting waiting);
  // 202 with the object, which is ordered anew for the names that are left; the last name deletes it.
  net::Task<Response> erase_domain(store::TokenRecord caller, std::string cert_name, std::string domain);

  // Stores a pending record and starts the order. If the caller has one of that name whose order failed, it
  // is tried again with the new values. Error: conflict (another's, or one that exists), or the store's.
  net::Task<base::Status> order(store::CertificateRecord wanted);
  // Error: not_found, forbidden, or the store's.
  net::Task<base::Result<store::CertificateRecord>> find_own(store::TokenRecord caller,
                                                             std::string cert_name);

  // What erase() does. Errors: of find_own(), conflict while a revocation waits.
  net::Task<base::Status> remove(store::TokenRecord caller, std::string cert_name, Waiting waiting);

 private:
  // Reads the caller's certificate, lets `change` change it, stores it, and starts what is due; again if
  // another write came first. Errors: of find_own() and of `change`.
  using Change = std::function<base::Status(store::CertificateRecord&)>;
  net::Task<base::Result<store::CertificateRecord>> change_own(
      store::TokenRecord caller, std::string cert_name, Change change,
      store::RunningOrder order = store::RunningOrder::keep);
  net::Task<Response> wait_for_renewal(store::CertificateRecord before, std::chrono::seconds limit);

  Services& services_;
  std::size_t waiters_ = 0;
};

}  // namespace cardea::api
