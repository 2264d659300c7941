// What the API's resources work with. The server makes these and hands them over.
#pragma once

#include <functional>
#include <string>
#include <unordered_set>

#include "acme/manager.h"
#include "api/certificate_request.h"
#include "auth/authenticator.h"
#include "metrics/worker_counters.h"
#include "net/address_policy.h"
#include "store/repositories.h"

namespace cardea::api {

// Control thread only; everything outlives the API.
struct Services {
  store::Repositories& store;
  auth::Authenticator& authenticator;
  acme::Manager& manager;
  net::EventLoop& loop;
  CertificateDefaults defaults;
  const net::AddressPolicy& address_policy;
  std::unordered_set<std::string> admin_hosts;
  // What was stored through this node is served by it before the response leaves; other nodes hear of it
  // through the change stream.
  std::function<void(const store::TargetRecord&)> on_target_saved;
  std::function<void(const std::string& hostname)> on_target_erased;
  std::function<void(const store::CertificateRecord&)> on_certificate_saved;
  std::function<void(const std::string& cert_name)> on_certificate_erased;
  std::function<bool()> redis_connected;
  std::function<std::size_t()> certificates_loaded;
  std::function<metrics::CounterTotals()> counters;
};

}  // namespace cardea::api
