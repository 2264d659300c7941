// The checks of what a request names: hostnames, certificate names, e-mail addresses, directories.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "net/address_policy.h"

namespace cardea::api {

// The canonical form (base::parse_hostname) of a name that some CA could certify, be it a private one;
// international names become A-labels (IDNA2008, non-transitional). Error (invalid), naming the fault: no
// hostname, a wildcard, an IP address, an underscore, no domain, a public suffix, or a name of a special use
// that has no certificates (.onion).
[[nodiscard]] base::Result<std::string> parse_public_hostname(std::string_view text);
// The form in which a name is stored, whatever CAs think of it; what is no hostname stays as it is.
[[nodiscard]] std::string canonical_hostname(std::string_view text);
// 1 to 259 letters, digits, '.', '_' or '-', beginning with a letter or digit. Error (invalid).
[[nodiscard]] base::Status check_cert_name(std::string_view name);
// The same rule for a token's name, of at most 128. Error (invalid).
[[nodiscard]] base::Status check_token_name(std::string_view name);
// One '@' with something on both sides and no spaces: the CA judges the rest. Error (invalid): also when it
// is empty.
[[nodiscard]] base::Status check_email(std::string_view email);
// An https URL, not at an address that `policy` refuses unless it is `own_url`, the operator's. Error
// (invalid).
[[nodiscard]] base::Status check_directory_url(std::string_view url, std::string_view own_url,
                                               const net::AddressPolicy& policy);
// "api.example.com" → "api-example-com".
[[nodiscard]] std::string dashed(std::string_view hostname);

}  // namespace cardea::api
