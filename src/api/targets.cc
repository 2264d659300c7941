#include "api/targets.h"

#include <algorithm>

#include <fmt/core.h>

#include "api/json_reader.h"
#include "api/names.h"
#include "api/target_update.h"
#include "base/strings.h"
#include "proxy/target.h"
#include "proxy/target_url.h"

namespace cardea::api {
namespace {

Response no_target(const std::string& hostname) {
  return problem_response(404,
                          fmt::format("There is no proxy target for \"{}\".", base::printable(hostname, 80)));
}

Response target_exists(const std::string& hostname) {
  return problem_response(
      409, fmt::format(
               "There is a proxy target for \"{}\" already; choose another hostname, or have it deleted by "
               "the owner of that one first.",
               hostname));
}

bool covers(const store::CertificateRecord& certificate, const std::string& hostname) {
  return std::ranges::find(certificate.domains, hostname) != certificate.domains.end();
}

std::string exists_already(std::string_view cert_name) {
  return fmt::format("The certificate \"{}\" exists already and is used", cert_name);
}

std::string status_of(const store::CertificateRecord& certificate) {
  if (certificate.status != store::CertificateStatus::failed) return exists_already(certificate.cert_name);
  return fmt::format(
      "The certificate \"{0}\" exists already, but its last order failed; POST /certificates/{0}/renew "
      "repeats it",
      certificate.cert_name);
}

// After the target is gone: what became of its certificate.
std::string kept_because(const base::Error& error, std::string_view cert_name) {
  if (error.code == base::ErrorCode::not_found || error.code == base::ErrorCode::forbidden) {
    return "none of yours; kept";
  }
  return fmt::format("kept: {}; DELETE /certificates/{} deletes it", error.context, cert_name);
}

// Where the requests go, and whom the upstream must be; faults go to `reader`.
void read_upstream(JsonReader& reader, store::TargetRecord& target, const net::AddressPolicy& policy) {
  auto text = reader.required_text("target_url");
  target.target_url = text.value_or("");
  target.upstream_ca_pem = reader.text("upstream_ca_pem").value_or("");
  target.upstream_server_name = base::to_lower(reader.text("upstream_server_name").value_or(""));
  target.insecure_skip_verify = reader.flag("insecure_skip_verify").value_or(false);
  if (!text) return;
  const auto url = proxy::parse_target_url(target.target_url);
  if (!url) return reader.complain(url.error().context + ".");
  // Only what the URL says by itself: names are judged when they are connected to.
  if (const auto refusal = policy.refusal(url->endpoint)) reader.complain("target_url: " + *refusal + ".");
  for (const std::string& fault : proxy::upstream_tls_faults(target, url->transport)) {
    reader.complain(fault + ".");
  }
}

// What the upstream is told besides the client's own fields; faults go to `reader`.
void read_headers(JsonReader& reader, store::TargetRecord& target) {
  target.forwarded_header = reader.flag("forwarded_header").value_or(false);
  target.underscore_headers = reader.texts("underscore_headers").value_or(std::vector<std::string>{});
  target.custom_headers = reader.text_map("custom_headers").value_or(decltype(target.custom_headers){});
  for (const std::string& fault : proxy::custom_header_faults(target.custom_headers)) {
    reader.complain(fault + ".");
  }
  if (auto fault = proxy::check_underscore_headers(target.underscore_headers, target.custom_headers); !fault)
    reader.complain(fault.error().context + ".");
}

}  // namespace

boost::json::object public_view(const store::TargetRecord& record) {
  boost::json::object headers;
  for (const auto& [name, value] : record.custom_headers) headers[name] = kHiddenValue;
  boost::json::object view;
  view["hostname"] = record.hostname;
  view["target_url"] = record.target_url;
  view["cert_name"] = record.cert_name;
  view["acme_directory_url"] = record.acme_directory_url;
  view["created_by"] = record.created_by;
  view["created_at"] = record.created_at ? boost::json::value(base::to_rfc3339(*record.created_at)) : nullptr;
  view["enabled"] = record.enabled;
  view["enable_http"] = record.enable_http;
  view["enable_https"] = record.enable_https;
  view["preserve_host_header"] = record.preserve_host_header;
  view["forwarded_header"] = record.forwarded_header;
  view["underscore_headers"] =
      boost::json::array(record.underscore_headers.begin(), record.underscore_headers.end());
  view["upstream_ca_pem"] = record.upstream_ca_pem;
  view["upstream_server_name"] = record.upstream_server_name;
  view["insecure_skip_verify"] = record.insecure_skip_verify;
  view["custom_headers"] = std::move(headers);
  view["generation"] = record.generation;
  return view;
}

net::Task<Response> Targets::list(std::optional<store::TokenRecord> caller) {
  auto records = co_await services_.store.targets.list();
  if (!records) co_return error_response(records.error());
  boost::json::array views;
  for (const store::TargetRecord& record : *records) {
    if (!caller || auth::owns(*caller, record.owner_token_hash)) views.push_back(public_view(record));
  }
  co_return json_response(200, std::move(views));
}

net::Task<Response> Targets::get(std::string hostname) {
  auto record = co_await services_.store.targets.load(canonical_hostname(hostname));
  if (!record) co_return error_response(record.error());
  if (!*record) co_return no_target(hostname);
  co_return json_response(200, public_view(**record));
}

base::Result<Targets::Wanted> Targets::read(const store::TokenRecord& caller, std::string_view body) const {
  auto reader = JsonReader::parse(body);
  if (!reader) return std::unexpected(reader.error());
  Wanted wanted{.target = {}, .email = caller.cert_email};
  store::TargetRecord& target = wanted.target;
  if (const auto text = reader->required_text("hostname")) {
    auto hostname = parse_public_hostname(*text);
    if (!hostname) reader->complain("\"hostname\": " + hostname.error().context + ".");
    if (hostname) target.hostname = std::move(*hostname);
  }
  if (services_.admin_hosts.contains(target.hostname)) {
    reader->complain(fmt::format("\"{}\" is one of ADMIN_HOSTS and cannot be proxied.", target.hostname));
  }
  read_upstream(*reader, target, services_.address_policy);
  target.acme_directory_url = reader->text("acme_directory_url").value_or(services_.defaults.directory_url);
  if (auto fault = check_directory_url(target.acme_directory_url, services_.defaults.directory_url,
                                       services_.address_policy);
      !fault)
    reader->complain(fault.error().context);
  target.enabled = reader->flag("enabled").value_or(true);
  target.enable_http = reader->flag("enable_http").value_or(true);
  target.enable_https = reader->flag("enable_https").value_or(true);
  target.preserve_host_header = reader->flag("preserve_host_header").value_or(true);
  read_headers(*reader, target);
  // Before anything is stored: a target whose certificate can never be ordered helps nobody.
  if (target.enable_https && wanted.email.empty()) {
    reader->complain(
        "The certificate needs an e-mail address and your token has none: use a token that was made with one "
        "(\"./scripts/justw token-generate NAME EMAIL\"), or set \"enable_https\" to false.");
  }
  if (auto faults = reader->finish(); !faults) return std::unexpected(faults.error());
  target.cert_name = "proxy-" + dashed(target.hostname);
  target.owner_token_hash = caller.hash;
  target.created_by = caller.name;
  target.created_at = base::now();
  return wanted;
}

net::Task<base::Result<std::optional<store::CertificateRecord>>> Targets::find_certificate(
    const store::TargetRecord& target) {
  if (!target.enable_https) co_return std::nullopt;
  auto existing = co_await services_.store.certificates.load(target.cert_name);
  if (!existing) co_return std::unexpected(existing.error());
  if (!*existing || covers(**existing, target.hostname)) co_return std::move(*existing);
  const std::string way = (*existing)->owner_token_hash == target.owner_token_hash
                              ? "Delete that one first (DELETE /certificates/" + target.cert_name + ")"
                              : "It belongs to another token, so choose another hostname";
  co_return base::fail(
      base::ErrorCode::conflict,
      fmt::format("The certificate of \"{}\" would be named \"{}\", but a certificate of that name is "
                  "for other domains. {}, or set enable_https to false.",
                  target.hostname, target.cert_name, way));
}

net::Task<std::string> Targets::order_certificate(Wanted wanted) {
  if (!wanted.target.enable_https) co_return "HTTPS is off; no certificate is ordered";
  store::CertificateRecord record;
  record.cert_name = wanted.target.cert_name;
  record.domains = {wanted.target.hostname};
  record.email = wanted.email;
  record.directory_urls = {wanted.target.acme_directory_url};
  record.key_type = services_.defaults.key_type;
  record.owner_token_hash = wanted.target.owner_token_hash;
  record.created_by = wanted.target.created_by;
  auto ordered = co_await certificates_.order(std::move(record));
  if (ordered) co_return "Certificate generation started for " + wanted.target.hostname;
  if (ordered.error().code == base::ErrorCode::conflict) {
    co_return exists_already(wanted.target.cert_name);
  }
  co_return "No certificate could be ordered: " + ordered.error().context;
}

net::Task<Response> Targets::create(store::TokenRecord caller, std::string body) {
  auto wanted = read(caller, body);
  if (!wanted) co_return error_response(wanted.error());
  store::TargetRecord& target = wanted->target;
  auto existing = co_await services_.store.targets.load(target.hostname);
  if (!existing) co_return error_response(existing.error());
  if (*existing) co_return target_exists(target.hostname);
  auto existing_certificate = co_await find_certificate(target);
  if (!existing_certificate) co_return error_response(existing_certificate.error());
  auto saved = co_await services_.store.targets.save(target, store::Expected::absent());
  // Somebody else was faster.
  if (!saved && saved.error().code == base::ErrorCode::conflict) co_return target_exists(target.hostname);
  if (!saved) co_return error_response(saved.error());
  target.generation = *saved;
  services_.on_target_saved(target);
  boost::json::object view = public_view(target);
  const std::string location = "/proxy/targets/" + target.hostname;
  std::string certificate_status = co_await order_certificate(std::move(*wanted));
  Response response =
      json_response(201, {{"proxy_target", std::move(view)}, {"certificate_status", certificate_status}});
  response.fields.emplace_back("Location", location);
  co_return response;
}

net::Task<Response> Targets::update(store::TokenRecord caller, std::string hostname, std::string patch) {
  const std::string name = canonical_hostname(hostname);
  auto record = co_await services_.store.targets.load(name);
  if (!record) co_return error_response(record.error());
  if (!*record) co_return no_target(hostname);
  const store::TargetRecord& stored = **record;
  if (!auth::owns(caller, stored.owner_token_hash)) {
    co_return problem_response(403, "This proxy target belongs to another token.");
  }
  const auto merged = apply_patch(stored, patch);
  if (!merged) co_return error_response(merged.error());
  auto wanted = read(caller, *merged);
  if (!wanted) co_return error_response(wanted.error());
  store::TargetRecord& target = wanted->target;
  target.cert_name = stored.cert_name;
  target.created_by = stored.created_by;
  target.created_at = stored.created_at;
  target.other_members = stored.other_members;
  auto certificate = co_await find_certificate(target);
  if (!certificate) co_return error_response(certificate.error());
  auto saved = co_await services_.store.targets.save(target, stored.generation);
  if (!saved) co_return error_response(saved.error());
  target.generation = *saved;
  services_.on_target_saved(target);
  boost::json::object view = public_view(target);
  // One that is there keeps what was set for it and learnt about it, such as when it may be tried again.
  std::string certificate_status;
  if (*certificate) {
    certificate_status = status_of(**certificate);
  } else {
    certificate_status = co_await order_certificate(std::move(*wanted));
  }
  co_return json_response(200,
                          {{"proxy_target", std::move(view)}, {"certificate_status", certificate_status}});
}

net::Task<base::Result<std::optional<std::string>>> Targets::find_user(
    const store::CertificateRecord& certificate) {
  for (const std::string& domain : certificate.domains) {
    auto target = co_await services_.store.targets.load(domain);
    if (!target) co_return std::unexpected(target.error());
    if (!*target || !(*target)->enable_https) continue;
    if ((*target)->cert_name == certificate.cert_name) co_return domain;
    auto own = co_await services_.store.certificates.load((*target)->cert_name);
    if (!own) co_return std::unexpected(own.error());
    if (!*own || !(*own)->issued() || !covers(**own, domain)) co_return domain;
  }
  co_return std::nullopt;
}

net::Task<base::Result<std::string>> Targets::erase_certificate(store::TokenRecord caller,
                                                                std::string cert_name) {
  auto certificate = co_await certificates_.find_own(caller, cert_name);
  if (!certificate) co_return std::unexpected(certificate.error());
  if (!certificate->revocations.empty()) co_return "kept: a revocation of it is not done yet";
  auto user = co_await find_user(*certificate);
  if (!user) co_return std::unexpected(user.error());
  if (*user) co_return fmt::format("kept: the proxy target \"{}\" uses it too", **user);
  auto removed = co_await certificates_.remove(std::move(caller), std::move(cert_name), Waiting::respect);
  if (!removed) co_return std::unexpected(removed.error());
  co_return "deleted";
}

net::Task<Response> Targets::erase(store::TokenRecord caller, std::string hostname,
                                   WithCertificate with_certificate) {
  const std::string name = canonical_hostname(hostname);
  auto record = co_await services_.store.targets.load(name);
  if (!record) co_return error_response(record.error());
  if (!*record) co_return no_target(hostname);
  if (!auth::owns(caller, (*record)->owner_token_hash)) {
    co_return problem_response(403, "This proxy target belongs to another token.");
  }
  auto erased = co_await services_.store.targets.erase(name, (*record)->generation);
  if (!erased) co_return error_response(erased.error());
  services_.on_target_erased(name);
  boost::json::object answer{{"message", fmt::format("Proxy target \"{}\" is deleted", name)}};
  if (with_certificate == WithCertificate::erase) {
    auto outcome = co_await erase_certificate(std::move(caller), (*record)->cert_name);
    answer["certificate"] = outcome ? *outcome : kept_because(outcome.error(), (*record)->cert_name);
  }
  co_return json_response(200, std::move(answer));
}

}  // namespace cardea::api
