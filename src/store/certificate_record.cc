#include "store/certificate_record.h"

#include <array>
#include <utility>

#include <boost/json/array.hpp>

#include "base/strings.h"
#include "store/json_object.h"

namespace cardea::store {
namespace {

constexpr std::array<std::pair<CertificateStatus, std::string_view>, 3> kStatusWords = {{
    {CertificateStatus::pending, "pending"},
    {CertificateStatus::active, "active"},
    {CertificateStatus::failed, "failed"},
}};

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
  reader->take("acme_directory_url", record.acme_directory_url);
  reader->take_required("status", status);
  reader->take("expires_at", record.expires_at);
  reader->take("issued_at", record.issued_at);
  reader->take("fingerprint", record.fingerprint);
  reader->take("fullchain_pem", record.fullchain_pem);
  reader->take("private_key_pem", record.private_key_pem);
  reader->take("owner_token_hash", record.owner_token_hash);
  reader->take("created_by", record.created_by);
  reader->take("key_type", record.key_type);
  reader->take("last_error", record.last_error);
  reader->take("next_attempt_at", record.next_attempt_at);
  reader->take("generation", record.generation);
  if (const auto known = parse_certificate_status(status)) {
    record.status = *known;
  } else {
    reader->complain("status", "is not pending, active or failed");
  }
  if (record.domains.empty()) reader->complain("domains", "is empty");
  auto other = reader->finish();
  if (!other) return std::unexpected(other.error());
  record.other_members = std::move(*other);
  return record;
}

std::string to_json(const CertificateRecord& record) {
  boost::json::object object = begin_object(record.generation);
  object.emplace("cert_name", record.cert_name);
  object.emplace("domains", boost::json::array(record.domains.begin(), record.domains.end()));
  object.emplace("email", record.email);
  object.emplace("acme_directory_url", record.acme_directory_url);
  object.emplace("status", to_string(record.status));
  put_time(object, "expires_at", record.expires_at);
  put_time(object, "issued_at", record.issued_at);
  object.emplace("fingerprint", record.fingerprint);
  object.emplace("fullchain_pem", record.fullchain_pem);
  object.emplace("private_key_pem", record.private_key_pem);
  object.emplace("owner_token_hash", record.owner_token_hash);
  object.emplace("created_by", record.created_by);
  object.emplace("key_type", record.key_type);
  object.emplace("last_error", record.last_error);
  put_time(object, "next_attempt_at", record.next_attempt_at);
  return finish_object(std::move(object), record.other_members);
}

}  // namespace cardea::store
