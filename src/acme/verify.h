// The last look at what a CA delivered, before it may replace a working certificate.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/key.h"

namespace cardea::acme {

struct IssuedInfo {
  base::Time not_before;
  base::Time not_after;
  std::string fingerprint;  // "sha256:<hex>" of the leaf
  std::string issuer;
};

// Pure. Error (invalid, source ca), saying which rule is broken: only CERTIFICATE blocks (RFC 8555 §11.4),
// each readable, leaf first, the leaf is for `key`, every one of `domains` is in it word for word, it has
// not expired and does not begin more than kNotBeforeSkewMax after `now`.
[[nodiscard]] base::Result<IssuedInfo> verify_issued(std::string_view chain_pem,
                                                     const crypto::PrivateKey& key,
                                                     std::span<const std::string> domains, base::Time now);

}  // namespace cardea::acme
