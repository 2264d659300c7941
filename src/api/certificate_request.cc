#include "api/certificate_request.h"

#include <algorithm>

#include <fmt/core.h>

#include "acme/order_actions.h"
#include "acme/revoker.h"
#include "api/json_reader.h"
#include "api/names.h"
#include "base/limits.h"
#include "crypto/key.h"

namespace cardea::api {
namespace {

constexpr std::size_t kDirectoriesMax = 5;       // a main CA and some to fall back on
constexpr std::size_t kChainNameBytesMax = 200;  // a common name has at most 64 characters

// The certificate's names in canonical form; faults go to `reader`.
std::vector<std::string> read_domains(JsonReader& reader) {
  std::vector<std::string> wanted = reader.texts("domains").value_or(std::vector<std::string>());
  if (auto domain = reader.text("domain")) wanted.insert(wanted.begin(), std::move(*domain));
  if (wanted.empty()) reader.complain("Give \"domain\" or \"domains\".");
  if (wanted.size() > base::kDomainsPerCertificateMax) {
    reader.complain(fmt::format("A certificate has at most {} domains.", base::kDomainsPerCertificateMax));
    wanted.clear();
  }
  std::vector<std::string> domains;
  for (const std::string& text : wanted) {
    auto domain = parse_public_hostname(text);
    if (!domain) {
      reader.complain(domain.error().context + ".");
    } else if (std::ranges::find(domains, *domain) == domains.end()) {
      domains.push_back(std::move(*domain));
    }
  }
  return domains;
}

// What both a new certificate and a renewal may set; what is not there stays as it is in `record`.
void read_directories(JsonReader& reader, store::CertificateRecord& record,
                      const CertificateDefaults& defaults) {
  auto one = reader.text("acme_directory_url");
  auto list = reader.texts("acme_directory_urls");
  if (one && list) reader.complain("Give \"acme_directory_url\" or \"acme_directory_urls\", not both.");
  if (one) record.directory_urls = {std::move(*one)};
  if (list) record.directory_urls = std::move(*list);
  if (record.directory_urls.empty() || record.directory_urls.size() > kDirectoriesMax) {
    reader.complain(fmt::format("\"acme_directory_urls\" must have 1 to {} directories.", kDirectoriesMax));
  }
  for (const std::string& url : record.directory_urls) {
    if (auto fault = check_directory_url(url, defaults.directory_url, defaults.address_policy); !fault)
      reader.complain(fault.error().context);
  }
}

void read_order(JsonReader& reader, store::CertificateRecord& record, const CertificateDefaults& defaults) {
  if (auto email = reader.text("email")) record.email = std::move(*email);
  if (auto fault = check_email(record.email); !fault) reader.complain(fault.error().context);
  read_directories(reader, record, defaults);
  if (auto type = reader.text("key_type")) record.key_type = std::move(*type);
  if (!crypto::parse_key_type(record.key_type)) {
    reader.complain("\"key_type\" must be rsa2048, rsa3072, rsa4096, ec_p256 or ec_p384.");
  }
  if (auto type = reader.text("challenge_type")) record.challenge_type = std::move(*type);
  if (!acme::parse_challenge_type(record.challenge_type)) {
    reader.complain("\"challenge_type\" must be http-01 or tls-alpn-01.");
  }
  if (auto profile = reader.text("profile")) record.profile = std::move(*profile);
  if (!record.profile.empty() && !check_cert_name(record.profile)) {
    reader.complain("\"profile\" must be the name of one of the CA's profiles, or empty.");
  }
  record.profile_required = reader.flag("profile_required").value_or(record.profile_required);
  if (auto chain = reader.text("preferred_chain")) record.preferred_chain = std::move(*chain);
  if (record.preferred_chain.size() > kChainNameBytesMax) {
    reader.complain("\"preferred_chain\" is longer than any issuer's name.");
  }
}

}  // namespace

base::Result<store::CertificateRecord> read_certificate(const store::TokenRecord& caller,
                                                        std::string_view body,
                                                        const CertificateDefaults& defaults) {
  auto reader = JsonReader::parse(body);
  if (!reader) return std::unexpected(reader.error());
  store::CertificateRecord record;
  record.domains = read_domains(*reader);
  record.cert_name = reader->text("cert_name")
                         .value_or(record.domains.empty() ? std::string() : dashed(record.domains.front()));
  if (auto fault = check_cert_name(record.cert_name); !fault && !record.domains.empty()) {
    reader->complain(fault.error().context);
  }
  record.email = caller.cert_email;
  record.directory_urls = {defaults.directory_url};
  record.key_type = defaults.key_type;
  read_order(*reader, record, defaults);
  record.owner_token_hash = caller.hash;
  record.created_by = caller.name;
  auto faults = reader->finish();
  if (!faults) return std::unexpected(faults.error());
  return record;
}

base::Status change_certificate(store::CertificateRecord& record, std::string_view body,
                                const CertificateDefaults& defaults) {
  if (body.empty()) return {};
  auto reader = JsonReader::parse(body);
  if (!reader) return std::unexpected(reader.error());
  store::CertificateRecord changed = record;
  read_order(*reader, changed, defaults);
  if (auto faults = reader->finish(); !faults) return faults;
  record = std::move(changed);
  return {};
}

base::Result<RevocationRequest> read_revocation(std::string_view body) {
  auto reader = JsonReader::parse(body.empty() ? "{}" : body);
  if (!reader) return std::unexpected(reader.error());
  RevocationRequest request;
  const std::string word = reader->text("reason").value_or("unspecified");
  if (const auto reason = acme::parse_revocation_reason(word)) {
    request.reason = *reason;
  } else {
    reader->complain(
        "\"reason\" must be unspecified, keyCompromise, affiliationChanged, superseded or "
        "cessationOfOperation.");
  }
  // A certificate whose key is out or that has a successor leaves a site that goes on; the others end.
  const bool goes_on =
      request.reason == acme::kReasonKeyCompromise || request.reason == acme::kReasonSuperseded;
  request.reissue = reader->flag("reissue").value_or(goes_on);
  if (auto faults = reader->finish(); !faults) return std::unexpected(faults.error());
  return request;
}

}  // namespace cardea::api
