// What a host proves itself with, in the compact form that every node keeps in memory for every host.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace cardea::tls {

// Immutable once made; any thread. About 1.3 KB for a P-256 leaf and its issuer.
struct Credentials {
  std::vector<std::string> chain_der;  // leaf first
  std::string key_der;                 // PKCS#8

  // Error (invalid): no certificate, anything but CERTIFICATE blocks, an unreadable key, a key that does not
  // fit.
  static base::Result<Credentials> from_pem(std::string_view fullchain_pem, std::string_view private_key_pem);
};

}  // namespace cardea::tls
