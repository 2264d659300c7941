// A CA's directory (RFC 8555 §7.1.1): where its resources are.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace cardea::acme {

struct Directory {
  std::string new_nonce;
  std::string new_account;
  std::string new_order;
  std::string revoke_cert;  // "" if the CA does not offer it; so too the ones below
  std::string key_change;
  std::string renewal_info;  // RFC 9773
  std::string terms_of_service;
  std::string website;
  bool external_account_required = false;
  std::map<std::string, std::string> profiles;  // name → description
};

// Members that are null count as missing. Error (protocol, source ca), naming the member: newNonce,
// newAccount or newOrder is missing, or any of the resources is not an https URL (RFC 8555 §6.1).
[[nodiscard]] base::Result<Directory> parse_directory(std::string_view body);

}  // namespace cardea::acme
