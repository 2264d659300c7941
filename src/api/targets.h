// /proxy/targets: which hosts are proxied, and where to.
#pragma once

#include <optional>
#include <string>

#include "api/certificates.h"
#include "api/message.h"
#include "api/services.h"
#include "net/task.h"

namespace cardea::api {

enum class WithCertificate : std::uint8_t { keep, erase };

// Control thread only.
class Targets {
 public:
  explicit Targets(Services& services) : services_(services), certificates_(services) {}

  // Everybody's, or the caller's own.
  net::Task<Response> list(std::optional<store::TokenRecord> caller);
  net::Task<Response> get(std::string hostname);
  // 201 with the target; with HTTPS its certificate is ordered at once.
  net::Task<Response> create(store::TokenRecord caller, std::string body);
  // A JSON merge patch of what create() takes; HTTPS that is turned on orders the certificate.
  net::Task<Response> update(store::TokenRecord caller, std::string hostname, std::string patch);
  net::Task<Response> erase(store::TokenRecord caller, std::string hostname,
                            WithCertificate with_certificate);

 private:
  struct Wanted {
    store::TargetRecord target;
    std::string email;
  };
  base::Result<Wanted> read(const store::TokenRecord& caller, std::string_view body) const;
  // "a.b-c.org" and "a-b.c.org" have the same certificate name. Error (conflict): it is taken by other
  // domains. nullopt: there is none, or HTTPS is off.
  net::Task<base::Result<std::optional<store::CertificateRecord>>> find_certificate(
      const store::TargetRecord& target);
  // Another target that is served with this certificate; nullopt if there is none.
  net::Task<base::Result<std::optional<std::string>>> find_user(const store::CertificateRecord& certificate);
  // "deleted", or why it was kept. Errors: of Certificates::find_own().
  net::Task<base::Result<std::string>> erase_certificate(store::TokenRecord caller, std::string cert_name);
  // What the response says about the certificate.
  net::Task<std::string> order_certificate(Wanted wanted);

  Services& services_;
  Certificates certificates_;
};

// What everybody may see: no values of custom headers, no hash of a token.
[[nodiscard]] boost::json::object public_view(const store::TargetRecord& record);

}  // namespace cardea::api
