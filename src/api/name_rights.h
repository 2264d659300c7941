// Whose certificate may have which name, as far as this server knows: a token must not get the key of a host
// that another token's target proxies, nor that of the API's own names.
#pragma once

#include <string>
#include <vector>

#include "api/services.h"
#include "net/task.h"

namespace cardea::api {

// The names of the next order and, where there is one, those of the certificate that is served until then.
[[nodiscard]] std::vector<std::string> names_of(const store::CertificateRecord& record);

// Error (forbidden): there is a proxy target for one of `names` that is not the caller's. Or the store's.
// Control thread only; `services` outlives it.
net::Task<base::Status> check_targets_of(Services& services, store::TokenRecord caller,
                                         std::vector<std::string> names);

// Names of ADMIN_HOSTS are certified by the operator's CA alone: what another one says about them would be
// served to those who use the API. Error (forbidden).
[[nodiscard]] base::Status check_admin_names(const Services& services,
                                             const store::CertificateRecord& record);
// Nobody gets the key of one of ADMIN_HOSTS, with which the tokens of all could be read. Error (forbidden).
[[nodiscard]] base::Status check_admin_key(const Services& services, const std::vector<std::string>& names);

}  // namespace cardea::api
