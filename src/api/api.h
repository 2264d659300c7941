// The REST API: finds the resource of a request, knows who asks, and answers.
#pragma once

#include <optional>
#include <string>

#include "api/certificates.h"
#include "api/health.h"
#include "api/message.h"
#include "api/services.h"
#include "api/targets.h"
#include "net/task.h"

namespace cardea::api {

// Control thread only. Requests and responses are values; whoever calls from a worker uses net::call_on().
class Api {
 public:
  explicit Api(Services& services)
      : services_(services), certificates_(services), targets_(services), health_(services) {}

  // Always answers; errors are problem documents.
  net::Task<Response> handle(Request request);
  // The key authorisation of a challenge token, on behalf of every host. nullopt: nobody published it.
  net::Task<base::Result<std::optional<std::string>>> find_challenge(std::string token);
  // The key authorisation of the tls-alpn-01 challenge for a name. nullopt: none is pending.
  net::Task<base::Result<std::optional<std::string>>> find_tls_alpn_challenge(std::string domain);

 private:
  Services& services_;
  Certificates certificates_;
  Targets targets_;
  Health health_;
};

}  // namespace cardea::api
