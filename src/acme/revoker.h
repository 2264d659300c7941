// Revokes certificates at the CA that issued them (RFC 8555 §7.6).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "acme/environment.h"
#include "acme/failure.h"
#include "net/task.h"
#include "store/certificate_record.h"

namespace cardea::acme {

// Loop thread only; `environment` outlives it.
class Revoker {
 public:
  explicit Revoker(Environment& environment) : environment_(environment) {}

  // Sends the requests that are due. Returns what to change in the record: what was revoked is taken off its
  // list, what failed comes up again later.
  net::Task<std::function<void(store::CertificateRecord&)>> revoke(store::CertificateRecord record);

 private:
  net::Task<Attempted<int>> send(store::Revocation revocation);
  net::Task<Attempted<int>> send_signed(Client& client, const Signer& signer, std::string url,
                                        std::string certificate_der, int reason);

  Environment& environment_;
};

// RFC 5280 §5.3.1, as far as CAs take it from subscribers: unspecified 0, keyCompromise 1, affiliationChanged
// 3, superseded 4, cessationOfOperation 5. nullopt: none of these names or numbers.
[[nodiscard]] std::optional<int> parse_revocation_reason(std::string_view text);
// "keyCompromise"; for any other number its digits.
[[nodiscard]] std::string revocation_reason_name(int reason);
inline constexpr int kReasonUnspecified = 0;
inline constexpr int kReasonKeyCompromise = 1;
inline constexpr int kReasonSuperseded = 4;

}  // namespace cardea::acme
