// Certificate signing requests.
#pragma once

#include <span>
#include <string>

#include "base/error.h"
#include "crypto/key.h"

namespace cardea::crypto {

// PKCS#10 in DER, signed by `key`: every name in subjectAltName, an empty subject. No common name: it has
// room for 64 characters only, and CAs no longer read it. Names may begin with "*.".
// Error (invalid): no name, more than kDomainsPerCertificateMax, an IP address or a malformed name.
[[nodiscard]] base::Result<std::string> make_csr_der(const PrivateKey& key,
                                                     std::span<const std::string> domains);

}  // namespace cardea::crypto
