// What a client may say about a certificate: the members of its JSON, checked.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "net/address_policy.h"
#include "store/certificate_record.h"
#include "store/token_record.h"

namespace cardea::api {

// What a request may leave out.
struct CertificateDefaults {
  std::string directory_url;  // ACME_DIRECTORY_URL; it is not judged by the policy
  const net::AddressPolicy& address_policy;
  std::string key_type;  // CERT_KEY_TYPE
};

// A new certificate. Error (invalid) with every fault.
[[nodiscard]] base::Result<store::CertificateRecord> read_certificate(const store::TokenRecord& caller,
                                                                      std::string_view body,
                                                                      const CertificateDefaults& defaults);
// What is changed with a renewal: e-mail, directories, kind of key, challenge, profile, chain. `body` may be
// "". Error (invalid) with every fault; `record` is then as it was.
[[nodiscard]] base::Status change_certificate(store::CertificateRecord& record, std::string_view body,
                                              const CertificateDefaults& defaults);

struct RevocationRequest {
  int reason = 0;
  bool reissue = false;
};
// `body` may be "". Error (invalid) with every fault.
[[nodiscard]] base::Result<RevocationRequest> read_revocation(std::string_view body);

}  // namespace cardea::api
