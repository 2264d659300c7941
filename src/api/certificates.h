// /certificates: ordering, looking at and renewing certificates.
#pragma once

#include <optional>
#include <string>

#include "api/message.h"
#include "api/services.h"
#include "net/task.h"

namespace cardea::api {

// Control thread only.
class Certificates {
 public:
  explicit Certificates(Services& services) : services_(services) {}

  // Everybody's, or the caller's own.
  net::Task<Response> list(std::optional<store::TokenRecord> caller);
  net::Task<Response> get(std::string cert_name);
  net::Task<Response> status(std::string cert_name);
  // 202: the order runs; 400, 409 as the API's conventions say.
  net::Task<Response> create(store::TokenRecord caller, std::string body);
  net::Task<Response> renew(store::TokenRecord caller, std::string cert_name);

  // Stores a pending record and starts the order. If the caller has one of that name whose order failed, it
  // is tried again with the new values. Error: conflict (another's, or one that exists), or the store's.
  net::Task<base::Status> order(store::CertificateRecord wanted);

 private:
  Services& services_;
};

// What everybody may see: no key, no hash of a token.
[[nodiscard]] boost::json::object public_view(const store::CertificateRecord& record);

}  // namespace cardea::api
