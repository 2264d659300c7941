#include "api/certificates.h"

#include <algorithm>

#include <fmt/core.h>

#include "api/json_reader.h"
#include "api/names.h"
#include "base/limits.h"

namespace cardea::api {
namespace {

boost::json::value time_or_null(const std::optional<base::Time>& time) {
  if (!time) return nullptr;
  return boost::json::string(base::to_rfc3339(*time));
}

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

base::Result<store::CertificateRecord> read_certificate(const store::TokenRecord& caller,
                                                        std::string_view body,
                                                        const std::string& default_directory_url) {
  auto reader = JsonReader::parse(body);
  if (!reader) return std::unexpected(reader.error());
  store::CertificateRecord record;
  record.domains = read_domains(*reader);
  record.cert_name = reader->text("cert_name")
                         .value_or(record.domains.empty() ? std::string() : dashed(record.domains.front()));
  if (auto fault = check_cert_name(record.cert_name); !fault && !record.domains.empty()) {
    reader->complain(fault.error().context);
  }
  record.email = reader->text("email").value_or(caller.cert_email);
  if (auto fault = check_email(record.email); !fault) reader->complain(fault.error().context);
  record.acme_directory_url = reader->text("acme_directory_url").value_or(default_directory_url);
  if (auto fault = check_directory_url(record.acme_directory_url); !fault)
    reader->complain(fault.error().context);
  record.owner_token_hash = caller.hash;
  record.created_by = caller.name;
  auto faults = reader->finish();
  if (!faults) return std::unexpected(faults.error());
  return record;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

Response no_certificate(const std::string& cert_name) {
  return problem_response(404, fmt::format("There is no certificate named \"{}\".", cert_name));
}

}  // namespace

boost::json::object public_view(const store::CertificateRecord& record) {
  boost::json::object view;
  view["cert_name"] = record.cert_name;
  view["domains"] = boost::json::array(record.domains.begin(), record.domains.end());
  view["email"] = record.email;
  view["acme_directory_url"] = record.acme_directory_url;
  view["status"] = store::to_string(record.status);
  view["expires_at"] = time_or_null(record.expires_at);
  view["issued_at"] = time_or_null(record.issued_at);
  view["fingerprint"] = record.fingerprint;
  view["fullchain_pem"] = record.fullchain_pem;
  view["created_by"] = record.created_by;
  view["last_error"] = record.last_error;
  view["generation"] = record.generation;
  return view;
}

net::Task<Response> Certificates::list(std::optional<store::TokenRecord> caller) {
  auto records = co_await services_.store.certificates.list();
  if (!records) co_return error_response(records.error());
  boost::json::array views;
  for (const store::CertificateRecord& record : *records) {
    if (!caller || auth::owns(*caller, record.owner_token_hash)) views.push_back(public_view(record));
  }
  co_return json_response(200, std::move(views));
}

net::Task<Response> Certificates::get(std::string cert_name) {
  auto record = co_await services_.store.certificates.load(cert_name);
  if (!record) co_return error_response(record.error());
  if (!*record) co_return no_certificate(cert_name);
  co_return json_response(200, public_view(**record));
}

net::Task<Response> Certificates::status(std::string cert_name) {
  auto record = co_await services_.store.certificates.load(cert_name);
  if (!record) co_return error_response(record.error());
  if (!*record) {
    co_return json_response(404,
                            {{"status", "not_found"},
                             {"message", fmt::format("There is no certificate named \"{}\".", cert_name)}});
  }
  auto progress = co_await services_.store.progress.find(cert_name);
  if (!progress) co_return error_response(progress.error());
  if (*progress) {
    co_return json_response(
        200, {{"status", "in_progress"}, {"message", (*progress)->message}, {"step", (*progress)->step}});
  }
  if (!(*record)->last_error.empty()) {
    co_return json_response(200, {{"status", "failed"}, {"message", (*record)->last_error}});
  }
  if ((*record)->status == store::CertificateStatus::active) {
    co_return json_response(200, {{"status", "completed"},
                                  {"message", "Certificate for " + joined((*record)->domains) + " is stored"},
                                  {"step", "stored"}});
  }
  co_return json_response(
      200,
      {{"status", "in_progress"}, {"message", "Certificate generation in progress"}, {"step", "account"}});
}

net::Task<base::Status> Certificates::order(store::CertificateRecord wanted) {
  auto existing = co_await services_.store.certificates.load(wanted.cert_name);
  if (!existing) co_return std::unexpected(existing.error());
  std::uint64_t expected_generation = 0;
  if (*existing) {
    const store::CertificateRecord& old = **existing;
    // A pending one is being worked on, here or on another node.
    const bool retry =
        old.owner_token_hash == wanted.owner_token_hash && old.status == store::CertificateStatus::failed;
    if (!retry) {
      co_return base::fail(
          base::ErrorCode::conflict,
          fmt::format("There is a certificate named \"{}\" already; choose another cert_name or renew "
                      "that one.",
                      wanted.cert_name));
    }
    expected_generation = old.generation;
  }
  auto saved = co_await services_.store.certificates.save(wanted, expected_generation);
  if (!saved) co_return std::unexpected(saved.error());
  wanted.generation = *saved;
  services_.on_certificate_saved(wanted);
  services_.manager.ensure(wanted.cert_name);
  co_return base::Status{};
}

net::Task<Response> Certificates::create(store::TokenRecord caller, std::string body) {
  auto record = read_certificate(caller, body, services_.default_directory_url);
  if (!record) co_return error_response(record.error());
  const std::string cert_name = record->cert_name;
  const std::string names = joined(record->domains);
  auto ordered = co_await order(std::move(*record));
  if (!ordered) co_return error_response(ordered.error());
  Response response = json_response(202, {{"status", "accepted"},
                                          {"message", "Certificate generation started for " + names},
                                          {"cert_name", cert_name}});
  response.fields.emplace_back("Location", "/certificates/" + cert_name + "/status");
  co_return response;
}

net::Task<Response> Certificates::renew(store::TokenRecord caller, std::string cert_name) {
  auto record = co_await services_.store.certificates.load(cert_name);
  if (!record) co_return error_response(record.error());
  if (!*record) co_return no_certificate(cert_name);
  if (!auth::owns(caller, (*record)->owner_token_hash)) {
    co_return problem_response(403, "This certificate belongs to another token.");
  }
  services_.manager.ensure(cert_name);
  co_return json_response(202, public_view(**record));
}

}  // namespace cardea::api
