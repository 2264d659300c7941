#include "api/name_rights.h"

#include <algorithm>

#include <fmt/core.h>

#include "crypto/certificate.h"

namespace cardea::api {
namespace {

// The first of `names` that is one of ADMIN_HOSTS; null if there is none.
const std::string* admin_name(const Services& services, const std::vector<std::string>& names) {
  const auto found = std::ranges::find_if(
      names, [&](const std::string& name) { return services.admin_hosts.contains(name); });
  return found == names.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> names_of(const store::CertificateRecord& record) {
  std::vector<std::string> names = record.domains;
  if (record.fullchain_pem.empty()) return names;
  const auto leaf = crypto::parse_certificate_pem(record.fullchain_pem);
  if (!leaf) return names;
  for (const std::string& name : leaf->dns_names()) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

net::Task<base::Status> check_targets_of(Services& services, store::TokenRecord caller,
                                         std::vector<std::string> names) {
  for (const std::string& name : names) {
    auto target = co_await services.store.targets.load(name);
    if (!target) co_return std::unexpected(target.error());
    if (*target && !auth::owns(caller, (*target)->owner_token_hash)) {
      co_return base::fail(
          base::ErrorCode::forbidden,
          fmt::format("\"{}\" is proxied by a target of another token, which alone may have its certificate.",
                      name),
          base::ErrorSource::client);
    }
  }
  co_return base::Status{};
}

base::Status check_admin_names(const Services& services, const store::CertificateRecord& record) {
  const std::string* name = admin_name(services, record.domains);
  if (name == nullptr || record.directory_urls == std::vector{services.defaults.directory_url}) return {};
  return base::fail(base::ErrorCode::forbidden,
                    fmt::format("\"{}\" is one of ADMIN_HOSTS, whose certificates are ordered at "
                                "ACME_DIRECTORY_URL alone; leave the directory out.",
                                *name),
                    base::ErrorSource::client);
}

base::Status check_admin_key(const Services& services, const std::vector<std::string>& names) {
  const std::string* name = admin_name(services, names);
  if (name == nullptr) return {};
  return base::fail(
      base::ErrorCode::forbidden,
      fmt::format("The certificate is for \"{}\", one of ADMIN_HOSTS, and its key stays on the server.",
                  *name),
      base::ErrorSource::client);
}

}  // namespace cardea::api
