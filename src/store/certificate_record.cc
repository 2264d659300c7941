#include "store/certificate_record.h"

#include <array>
#include <utility>

#include <boost/json/array.hpp>

#include "base/strings.h"
#include "store/json_object.h"

namespace cardea::store {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<CertificateStatus, std::string_view>, 4> kStatusWords = {{
    {CertificateStatus::pending, "pending"},
    {CertificateStatus::active, "active"},
    {CertificateStatus::failed, "failed"},
    {CertificateStatus::revoked, "revoked"},
}};

// The specification has one directory; a list is ours. Who knows only the one may have changed it.
void take_directories(JsonObjectReader& reader, CertificateRecord& record) {
  std::string first;
  reader.take("acme_directory_url", first);
  reader.take("acme_directory_urls", record.directory_urls);
  if (first.empty()) return;
  if (record.directory_urls.empty()) record.directory_urls.emplace_back();
  record.directory_urls.front() = std::move(first);
}

void take_renewal(JsonObjectReader& reader, RenewalAdvice& renewal) {
  auto part = reader.take_object("renewal");
  if (!part) return;
  part->take("certificate_id", renewal.certificate_id);
  part->take("window_start", renewal.window_start);
  part->take("window_end", renewal.window_end);
  part->take("chosen_at", renewal.chosen_at);
  part->take("next_poll_at", renewal.next_poll_at);
  part->take("explanation_url", renewal.explanation_url);
  part->take("failures", renewal.failures);
  reader.adopt(*part);
}

void take_revocations(JsonObjectReader& reader, std::vector<Revocation>& revocations) {
  for (JsonObjectReader& part : reader.take_objects("revocations")) {
    Revocation& revocation = revocations.emplace_back();
    part.take("reason", revocation.reason);
    part.take("certificate_pem", revocation.certificate_pem);
    part.take("private_key_pem", revocation.private_key_pem);
    part.take("acme_directory_url", revocation.directory_url);
    part.take("email", revocation.email);
    part.take("not_before", revocation.not_before);
    part.take("attempts", revocation.attempts);
    part.take("last_error", revocation.last_error);
    reader.adopt(part);
  }
}

void take_state(JsonObjectReader& reader, CertificateRecord& record) {
  reader.take("attempts", record.attempts);
  reader.take("issuers_passed", record.issuers_passed);
  reader.take_text_of("last_error", record.last_error);
  reader.take("last_error_message", record.last_error_message);
  reader.take("postponed_because", record.postponed_because);
  reader.take("next_attempt_at", record.next_attempt_at);
  reader.take("next_action_at", record.next_action_at);
  take_renewal(reader, record.renewal);
  take_revocations(reader, record.revocations);
  take_history(reader, record.history);
}

void take_order(JsonObjectReader& reader, CertificateRecord& record) {
  reader.take("key_type", record.key_type);
  reader.take("challenge_type", record.challenge_type);
  reader.take("profile", record.profile);
  reader.take("profile_required", record.profile_required);
  reader.take("preferred_chain", record.preferred_chain);
}

json::object renewal_object(const RenewalAdvice& renewal) {
  json::object part;
  part.emplace("certificate_id", renewal.certificate_id);
  put_time(part, "window_start", renewal.window_start);
  put_time(part, "window_end", renewal.window_end);
  put_time(part, "chosen_at", renewal.chosen_at);
  put_time(part, "next_poll_at", renewal.next_poll_at);
  part.emplace("explanation_url", renewal.explanation_url);
  part.emplace("failures", renewal.failures);
  return part;
}

json::array revocations_array(const std::vector<Revocation>& revocations) {
  json::array list;
  for (const Revocation& revocation : revocations) {
    json::object part;
    part.emplace("reason", revocation.reason);
    part.emplace("certificate_pem", revocation.certificate_pem);
    part.emplace("private_key_pem", revocation.private_key_pem);
    part.emplace("acme_directory_url", revocation.directory_url);
    part.emplace("email", revocation.email);
    put_time(part, "not_before", revocation.not_before);
    part.emplace("attempts", revocation.attempts);
    part.emplace("last_error", revocation.last_error);
    list.push_back(std::move(part));
  }
  return list;
}

}  // namespace

std::string_view to_string(CertificateStatus status) {
  for (const auto& [known, word] : kStatusWords) {
    if (known == status) return word;
  }
  return "unknown";
}

std::optional<CertificateStatus> parse_certificate_status(std::string_view word) {
  for (const auto& [status, known] : kStatusWords) {
    if (known == word) return status;
  }
  return std::nullopt;
}

base::Result<CertificateRecord> parse_certificate_record(std::string_view cert_name, std::string_view json) {
  auto reader = JsonObjectReader::parse(json, "certificate \"" + base::printable(cert_name) + "\"");
  if (!reader) return std::unexpected(reader.error());
  CertificateRecord record;
  std::string status;
  reader->take("cert_name", record.cert_name);
  record.cert_name = cert_name;
  reader->take_required("domains", record.domains);
  reader->take("email", record.email);
  take_directories(*reader, record);
  reader->take_required("status", status);
  reader->take("expires_at", record.expires_at);
  reader->take("issued_at", record.issued_at);
  reader->take("fingerprint", record.fingerprint);
  reader->take("fullchain_pem", record.fullchain_pem);
  reader->take("private_key_pem", record.private_key_pem);
  reader->take("owner_token_hash", record.owner_token_hash);
  reader->take("created_by", record.created_by);
  take_order(*reader, record);
  reader->take("obtained_at", record.obtained_at);
  reader->take("issuer_directory_url", record.issuer_directory_url);
  reader->take("issuer_email", record.issuer_email);
  take_state(*reader, record);
  reader->take("generation", record.generation);
  if (const auto known = parse_certificate_status(status)) {
    record.status = *known;
  } else {
    reader->complain("status", "is not pending, active, failed or revoked");
  }
  if (record.domains.empty()) reader->complain("domains", "is empty");
  auto other = reader->finish();
  if (!other) return std::unexpected(other.error());
  record.other_members = std::move(*other);
  return record;
}

std::string to_json(const CertificateRecord& record) {
  json::object object = begin_object(record.generation);
  object.emplace("cert_name", record.cert_name);
  object.emplace("domains", json::array(record.domains.begin(), record.domains.end()));
  object.emplace("email", record.email);
  object.emplace("acme_directory_url", record.directory_urls.empty() ? "" : record.directory_urls.front());
  object.emplace("acme_directory_urls",
                 json::array(record.directory_urls.begin(), record.directory_urls.end()));
  object.emplace("status", to_string(record.status));
  put_time(object, "expires_at", record.expires_at);
  put_time(object, "issued_at", record.issued_at);
  object.emplace("fingerprint", record.fingerprint);
  object.emplace("fullchain_pem", record.fullchain_pem);
  object.emplace("private_key_pem", record.private_key_pem);
  object.emplace("owner_token_hash", record.owner_token_hash);
  object.emplace("created_by", record.created_by);
  object.emplace("key_type", record.key_type);
  object.emplace("challenge_type", record.challenge_type);
  object.emplace("profile", record.profile);
  object.emplace("profile_required", record.profile_required);
  object.emplace("preferred_chain", record.preferred_chain);
  put_time(object, "obtained_at", record.obtained_at);
  object.emplace("issuer_directory_url", record.issuer_directory_url);
  object.emplace("issuer_email", record.issuer_email);
  object.emplace("renewal", renewal_object(record.renewal));
  object.emplace("revocations", revocations_array(record.revocations));
  object.emplace("attempts", record.attempts);
  object.emplace("issuers_passed", record.issuers_passed);
  put_json(object, "last_error", record.last_error);
  object.emplace("last_error_message", record.last_error_message);
  object.emplace("postponed_because", record.postponed_because);
  put_time(object, "next_attempt_at", record.next_attempt_at);
  put_time(object, "next_action_at", record.next_action_at);
  object.emplace("history", history_array(record.history));
  return finish_object(std::move(object), record.other_members);
}

}  // namespace cardea::store
