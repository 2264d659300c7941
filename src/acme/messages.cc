#include "acme/messages.h"

#include <algorithm>
#include <array>
#include <utility>

#include "acme/json_fields.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/strings.h"

namespace cardea::acme {
namespace {

namespace json = boost::json;
using base::Result;

template <typename Status, std::size_t kCount>
using StatusNames = std::array<std::pair<Status, std::string_view>, kCount>;

constexpr StatusNames<OrderStatus, 5> kOrderStatuses = {{{OrderStatus::pending, "pending"},
                                                         {OrderStatus::ready, "ready"},
                                                         {OrderStatus::processing, "processing"},
                                                         {OrderStatus::valid, "valid"},
                                                         {OrderStatus::invalid, "invalid"}}};
constexpr StatusNames<AuthorizationStatus, 6> kAuthorizationStatuses = {
    {{AuthorizationStatus::pending, "pending"},
     {AuthorizationStatus::valid, "valid"},
     {AuthorizationStatus::invalid, "invalid"},
     {AuthorizationStatus::deactivated, "deactivated"},
     {AuthorizationStatus::expired, "expired"},
     {AuthorizationStatus::revoked, "revoked"}}};
constexpr StatusNames<ChallengeStatus, 4> kChallengeStatuses = {{{ChallengeStatus::pending, "pending"},
                                                                 {ChallengeStatus::processing, "processing"},
                                                                 {ChallengeStatus::valid, "valid"},
                                                                 {ChallengeStatus::invalid, "invalid"}}};

constexpr std::size_t kTokenCharsMin = 22;  // 128 bits
constexpr std::size_t kTokenCharsMax = 256;

std::unexpected<base::Error> bad(std::string_view what, std::string_view why) {
  return base::fail(base::ErrorCode::protocol, std::string(what) + " from the CA: " + std::string(why),
                    base::ErrorSource::ca);
}

template <typename Status, std::size_t kCount>
Result<Status> read_status(const json::object& from, const StatusNames<Status, kCount>& names,
                           std::string_view what) {
  const std::string text = find_text(from, "status");
  for (const auto& [status, name] : names) {
    if (name == text) return status;
  }
  return bad(what, "\"status\" is \"" + base::printable(text, 40) + "\"");
}

Result<Identifier> read_identifier(const json::object* from, std::string_view what) {
  if (from == nullptr) return bad(what, "an identifier is missing");
  Identifier identifier{find_text(*from, "type"), base::to_lower(find_text(*from, "value"))};
  constexpr std::size_t kValueBytesMax = 255;
  if (identifier.type.empty() || identifier.value.empty() || identifier.value.size() > kValueBytesMax) {
    return bad(what, "an identifier is malformed");
  }
  return identifier;
}

std::optional<Problem> read_error(const json::object& from) {
  const json::object* error = find_object(from, "error");
  if (error == nullptr) return std::nullopt;
  return parse_problem(*error);
}

bool needs_token(std::string_view type) {
  return type == "http-01" || type == "tls-alpn-01";
}

Result<Challenge> read_challenge(const json::object& from) {
  constexpr std::string_view kWhat = "a challenge";
  Challenge challenge;
  challenge.type = bounded_text(find_text(from, "type"), 100);
  if (!needs_token(challenge.type)) return challenge;
  auto url = require_https_url(from, "url", kWhat);
  if (!url) return std::unexpected(std::move(url.error()));
  auto status = read_status(from, kChallengeStatuses, kWhat);
  if (!status) return std::unexpected(std::move(status.error()));
  challenge.url = std::move(*url);
  challenge.status = *status;
  challenge.token = find_text(from, "token");
  challenge.error = read_error(from);
  if (!is_valid_token(challenge.token)) {
    return bad(kWhat, "the token is not 22 to 256 characters of base64url: \"" +
                          base::printable(challenge.token, 40) + "\"");
  }
  return challenge;
}

}  // namespace

std::string_view to_string(AuthorizationStatus status) {
  for (const auto& [known, name] : kAuthorizationStatuses) {
    if (known == status) return name;
  }
  return "unknown";
}

const Challenge* Authorization::find_challenge(std::string_view type) const {
  const auto found = std::ranges::find(challenges, type, &Challenge::type);
  return found == challenges.end() ? nullptr : &*found;
}

namespace {

base::Status read_lists(const json::object& document, Order& order) {
  constexpr std::string_view kWhat = "the order";
  const json::array* identifiers = find_array(document, "identifiers");
  const json::array* authorizations = find_array(document, "authorizations");
  if (identifiers == nullptr || identifiers->empty()) return bad(kWhat, "\"identifiers\" is missing");
  if (authorizations == nullptr || authorizations->empty())
    return bad(kWhat, "\"authorizations\" is missing");
  if (identifiers->size() > base::kDomainsPerCertificateMax ||
      authorizations->size() > base::kDomainsPerCertificateMax) {
    return bad(kWhat, "it has more than 100 names");
  }
  for (const json::value& item : *identifiers) {
    auto identifier = read_identifier(item.if_object(), kWhat);
    if (!identifier) return std::unexpected(std::move(identifier.error()));
    order.identifiers.push_back(std::move(*identifier));
  }
  for (const json::value& item : *authorizations) {
    const json::string* url = item.if_string();
    if (url == nullptr || !is_https_url({url->data(), url->size()})) {
      return bad(kWhat, "\"authorizations\" has something that is not an https URL");
    }
    order.authorizations.emplace_back(url->data(), url->size());
  }
  return {};
}

}  // namespace

Result<Order> parse_order(std::string_view body) {
  constexpr std::string_view kWhat = "the order";
  const auto document = parse_json_object(body, kWhat);
  if (!document) return std::unexpected(document.error());
  Order order;
  const auto status = read_status(*document, kOrderStatuses, kWhat);
  if (!status) return std::unexpected(status.error());
  order.status = *status;
  if (auto lists = read_lists(*document, order); !lists) return std::unexpected(std::move(lists.error()));
  auto finalize = require_https_url(*document, "finalize", kWhat);
  if (!finalize) return std::unexpected(std::move(finalize.error()));
  auto certificate = optional_https_url(*document, "certificate", kWhat);
  if (!certificate) return std::unexpected(std::move(certificate.error()));
  order.finalize = std::move(*finalize);
  order.certificate = std::move(*certificate);
  // RFC 8555 §7.1.3 requires "expires" only for pending and valid orders; without it we stop by polls.
  order.expires = base::parse_rfc3339(find_text(*document, "expires"));
  order.error = read_error(*document);
  return order;
}

Result<Authorization> parse_authorization(std::string_view body) {
  constexpr std::string_view kWhat = "the authorization";
  const auto document = parse_json_object(body, kWhat);
  if (!document) return std::unexpected(document.error());
  Authorization authorization;
  const auto status = read_status(*document, kAuthorizationStatuses, kWhat);
  if (!status) return std::unexpected(status.error());
  authorization.status = *status;
  auto identifier = read_identifier(find_object(*document, "identifier"), kWhat);
  if (!identifier) return std::unexpected(std::move(identifier.error()));
  authorization.identifier = std::move(*identifier);
  authorization.wildcard = find_flag(*document, "wildcard");
  const json::array* challenges = find_array(*document, "challenges");
  if (challenges == nullptr) return authorization;
  if (challenges->size() > base::kChallengesMax) return bad(kWhat, "it has more than 20 challenges");
  for (const json::value& item : *challenges) {
    const json::object* object = item.if_object();
    if (object == nullptr) return bad(kWhat, "a challenge is not an object");
    auto challenge = read_challenge(*object);
    if (!challenge) return std::unexpected(std::move(challenge.error()));
    authorization.challenges.push_back(std::move(*challenge));
  }
  return authorization;
}

bool is_valid_token(std::string_view token) {
  return token.size() >= kTokenCharsMin && token.size() <= kTokenCharsMax &&
         std::ranges::all_of(token, [](char c) { return base::is_alnum(c) || c == '-' || c == '_'; });
}

std::string new_account_payload(std::string_view email, std::string_view external_account_binding) {
  json::object payload;
  payload["termsOfServiceAgreed"] = true;
  if (!email.empty()) payload["contact"] = json::array{json::string("mailto:" + std::string(email))};
  json::error_code error;
  json::value binding = json::parse(external_account_binding, error);
  if (!error) payload["externalAccountBinding"] = std::move(binding);
  return json::serialize(payload);
}

std::string contact_payload(std::string_view email) {
  return json::serialize(
      json::object{{"contact", json::array{json::string("mailto:" + std::string(email))}}});
}

std::string find_account_payload() {
  return R"({"onlyReturnExisting":true})";
}

std::string new_order_payload(std::span<const std::string> domains, std::string_view replaces,
                              std::string_view profile) {
  json::array identifiers;
  for (const std::string& domain : domains) {
    json::object identifier;
    identifier["type"] = "dns";
    identifier["value"] = json::string(domain);
    identifiers.emplace_back(std::move(identifier));
  }
  json::object payload;
  payload["identifiers"] = std::move(identifiers);
  if (!replaces.empty()) payload["replaces"] = json::string(replaces);
  if (!profile.empty()) payload["profile"] = json::string(profile);
  return json::serialize(payload);
}

std::string revoke_payload(std::string_view certificate_der, int reason) {
  return json::serialize(
      json::object{{"certificate", json::string(base::to_base64url(certificate_der))}, {"reason", reason}});
}

std::string finalize_payload(std::string_view csr_der) {
  return R"({"csr":")" + base::to_base64url(csr_der) + "\"}";
}

}  // namespace cardea::acme
