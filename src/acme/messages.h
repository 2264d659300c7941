// Orders, authorizations and challenges (RFC 8555 §7.1) as values, and the payloads that we send.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "acme/problem.h"
#include "base/clock.h"
#include "base/error.h"

namespace cardea::acme {

enum class OrderStatus : std::uint8_t { pending, ready, processing, valid, invalid };
enum class AuthorizationStatus : std::uint8_t { pending, valid, invalid, deactivated, expired, revoked };
enum class ChallengeStatus : std::uint8_t { pending, processing, valid, invalid };
[[nodiscard]] std::string_view to_string(AuthorizationStatus status);

struct Identifier {
  std::string type;   // "dns"
  std::string value;  // lower case
  auto operator<=>(const Identifier&) const = default;
};

struct Order {
  OrderStatus status = OrderStatus::pending;
  std::optional<base::Time> expires;
  std::vector<Identifier> identifiers;
  std::vector<std::string> authorizations;
  std::string finalize;
  std::string certificate;  // "" until the CA has issued
  std::optional<Problem> error;
};

struct Challenge {
  std::string type;
  std::string url;
  std::string token;  // "" for types that have none
  ChallengeStatus status = ChallengeStatus::pending;
  std::optional<Problem> error;
};

struct Authorization {
  AuthorizationStatus status = AuthorizationStatus::pending;
  Identifier identifier;  // without "*." even if `wildcard` (RFC 8555 §7.1.4)
  bool wildcard = false;
  std::vector<Challenge> challenges;

  [[nodiscard]] const Challenge* find_challenge(std::string_view type) const;
};

// Errors of all three: protocol, source ca, naming the member. Counts are bounded, URLs are https.
[[nodiscard]] base::Result<Order> parse_order(std::string_view body);
// Challenges of unknown types may have any members. A http-01 or tls-alpn-01 challenge has a URL and a
// token that is_valid_token() accepts.
[[nodiscard]] base::Result<Authorization> parse_authorization(std::string_view body);

// 22 to 256 characters of base64url: at least 128 bits (RFC 8555 §8.3), and nothing that could leave the
// path or the key it is put into.
[[nodiscard]] bool is_valid_token(std::string_view token);

// The payload that answers a challenge; not the same as "", which is a POST-as-GET.
inline constexpr std::string_view kEmptyObject = "{}";
// Agrees to the terms of service. `external_account_binding` is a JSON object, or "" for none (RFC 8555
// §7.3.4).
[[nodiscard]] std::string new_account_payload(std::string_view email,
                                              std::string_view external_account_binding = {});
// Tells an account's new address (RFC 8555 §7.3.2).
[[nodiscard]] std::string contact_payload(std::string_view email);
// Finds an account that exists and never makes one (RFC 8555 §7.3.1).
[[nodiscard]] std::string find_account_payload();
// `replaces` (RFC 9773 §5) and `profile` are left out when "".
[[nodiscard]] std::string new_order_payload(std::span<const std::string> domains,
                                            std::string_view replaces = {}, std::string_view profile = {});
// `certificate_der`: RFC 8555 §7.6.
[[nodiscard]] std::string revoke_payload(std::string_view certificate_der, int reason);
[[nodiscard]] std::string finalize_payload(std::string_view csr_der);

}  // namespace cardea::acme
