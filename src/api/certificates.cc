#include "api/certificates.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "acme/revoker.h"
#include "api/certificate_request.h"
#include "api/name_rights.h"
#include "api/names.h"
#include "base/limits.h"
#include "base/strings.h"
#include "crypto/certificate.h"

namespace cardea::api {
namespace {

Response no_certificate(const std::string& cert_name) {
  return problem_response(
      404, fmt::format("There is no certificate named \"{}\".", base::printable(cert_name, 80)));
}

// Counts for as long as it lives.
class Waiter {
 public:
  explicit Waiter(std::size_t& count) : count_(count) { ++count_; }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { --count_; }

 private:
  std::size_t& count_;
};

void ask_for_order(store::CertificateRecord& record) {
  record.next_attempt_at = base::now();
  record.postponed_because.clear();
}

}  // namespace

net::Task<Response> Certificates::list(std::optional<store::TokenRecord> caller) {
  auto records = co_await services_.store.certificates.list();
  if (!records) co_return error_response(records.error());
  boost::json::array views;
  for (const store::CertificateRecord& record : *records) {
    if (!caller || auth::owns(*caller, record.owner_token_hash)) {
      views.push_back(certificate_view(record, WithHistory::no));
    }
  }
  co_return json_response(200, std::move(views));
}

net::Task<Response> Certificates::get(std::optional<store::TokenRecord> caller, std::string cert_name,
                                      WithPrivateKey key) {
  auto record = co_await services_.store.certificates.load(cert_name);
  if (!record) co_return error_response(record.error());
  if (!*record) co_return no_certificate(cert_name);
  if (key == WithPrivateKey::yes) {
    if (!caller) {
      co_return error_response({base::ErrorCode::unauthorized, base::ErrorSource::client, false,
                                "The private key is for the certificate's owner: send its token."});
    }
    if (!auth::owns(*caller, (*record)->owner_token_hash)) {
      co_return problem_response(403, "This certificate belongs to another token.");
    }
    const std::vector<std::string> names = names_of(**record);
    if (auto may = check_admin_key(services_, names); !may) co_return error_response(may.error());
    auto may = co_await check_targets_of(services_, *caller, names);
    if (!may) co_return error_response(may.error());
  }
  co_return json_response(200, certificate_view(**record, WithHistory::yes, key));
}

net::Task<Response> Certificates::status(std::string cert_name) {
  auto record = co_await services_.store.certificates.load(cert_name);
  if (!record) co_return error_response(record.error());
  if (!*record) {
    co_return json_response(
        404,
        {{"status", "not_found"},
         {"message", fmt::format("There is no certificate named \"{}\".", base::printable(cert_name, 80))}});
  }
  auto progress = co_await services_.store.progress.find(cert_name);
  if (!progress) co_return error_response(progress.error());
  co_return json_response(200, status_view(**record, *progress, base::now()));
}

net::Task<base::Status> Certificates::order(store::CertificateRecord wanted) {
  auto existing = co_await services_.store.certificates.load(wanted.cert_name);
  if (!existing) co_return std::unexpected(existing.error());
  store::Expected expected = store::Expected::absent();
  if (*existing) {
    const store::CertificateRecord& old = **existing;
    // A pending one is being worked on, here or on another node.
    const bool retry =
        old.owner_token_hash == wanted.owner_token_hash && old.status == store::CertificateStatus::failed;
    if (!retry) {
      const std::string_view way = old.owner_token_hash == wanted.owner_token_hash
                                       ? "choose another cert_name or renew that one"
                                       : "it belongs to another token, so choose another cert_name";
      co_return base::fail(
          base::ErrorCode::conflict,
          fmt::format("There is a certificate named \"{}\" already; {}.", wanted.cert_name, way));
    }
    expected = old.generation;
  }
  ask_for_order(wanted);
  services_.manager.reschedule(wanted);
  auto saved =
      co_await services_.store.certificates.save(wanted, expected, std::nullopt, store::RunningOrder::drop);
  if (!saved) co_return std::unexpected(saved.error());
  wanted.generation = *saved;
  services_.on_certificate_saved(wanted);
  services_.manager.work_on(wanted.cert_name);
  co_return base::Status{};
}

net::Task<Response> Certificates::create(store::TokenRecord caller, std::string body) {
  auto record = read_certificate(caller, body, services_.defaults);
  if (!record) co_return error_response(record.error());
  if (auto may = check_admin_names(services_, *record); !may) co_return error_response(may.error());
  auto may = co_await check_targets_of(services_, std::move(caller), record->domains);
  if (!may) co_return error_response(may.error());
  const std::string cert_name = record->cert_name;
  const std::string names = joined_names(record->domains);
  auto ordered = co_await order(std::move(*record));
  if (!ordered) co_return error_response(ordered.error());
  Response response = json_response(202, {{"status", "accepted"},
                                          {"message", "Certificate generation started for " + names},
                                          {"cert_name", cert_name}});
  response.fields.emplace_back("Location", "/certificates/" + cert_name + "/status");
  co_return response;
}

net::Task<base::Result<store::CertificateRecord>> Certificates::find_own(store::TokenRecord caller,
                                                                         std::string cert_name) {
  auto record = co_await services_.store.certificates.load(cert_name);
  if (!record) co_return std::unexpected(record.error());
  if (!*record) {
    co_return base::fail(base::ErrorCode::not_found, fmt::format("There is no certificate named \"{}\".",
                                                                 base::printable(cert_name, 80)));
  }
  if (!auth::owns(caller, (*record)->owner_token_hash)) {
    co_return base::fail(base::ErrorCode::forbidden, "This certificate belongs to another token.");
  }
  co_return std::move(**record);
}

net::Task<base::Result<store::CertificateRecord>> Certificates::change_own(store::TokenRecord caller,
                                                                           std::string cert_name,
                                                                           Change change,
                                                                           store::RunningOrder order) {
  for (int i = 0;; ++i) {
    auto record = co_await find_own(caller, cert_name);
    if (!record) co_return record;
    if (auto changed = change(*record); !changed) co_return std::unexpected(changed.error());
    services_.manager.reschedule(*record);
    auto saved = co_await services_.store.certificates.save(*record, record->generation, std::nullopt, order);
    if (saved) {
      record->generation = *saved;
      services_.on_certificate_saved(*record);
      services_.manager.work_on(cert_name);
      co_return record;
    }
    const bool again = saved.error().code == base::ErrorCode::conflict && i + 1 < base::kCommitAttemptsMax;
    if (!again) co_return std::unexpected(saved.error());
  }
}

net::Task<Response> Certificates::renew(store::TokenRecord caller, std::string cert_name, std::string body,
                                        std::string query) {
  std::chrono::seconds wait{};
  if (const auto text = query_value(query, "wait")) {
    const auto seconds = base::parse_uint(*text, static_cast<std::uint64_t>(base::kRenewalWaitMax.count()));
    if (!seconds) {
      co_return problem_response(400, fmt::format("\"wait\" must be a number of seconds from 0 to {}.",
                                                  base::kRenewalWaitMax.count()));
    }
    wait = std::chrono::seconds(*seconds);
  }
  Change change = [this, body = std::move(body)](store::CertificateRecord& record) -> base::Status {
    if (auto changed = change_certificate(record, body, services_.defaults); !changed) return changed;
    if (auto may = check_admin_names(services_, record); !may) return may;
    ask_for_order(record);
    return {};
  };
  auto own = co_await find_own(caller, cert_name);
  if (!own) co_return error_response(own.error());
  auto may = co_await check_targets_of(services_, caller, own->domains);
  if (!may) co_return error_response(may.error());
  auto record = co_await change_own(std::move(caller), std::move(cert_name), std::move(change));
  if (!record) co_return error_response(record.error());
  if (wait.count() == 0) co_return json_response(202, certificate_view(*record));
  co_return co_await wait_for_renewal(std::move(*record), wait);
}

net::Task<Response> Certificates::wait_for_renewal(store::CertificateRecord before,
                                                   std::chrono::seconds limit) {
  const Waiter waiter(waiters_);
  if (waiters_ > base::kRenewalWaitersMax) {
    co_return problem_response(503,
                               "Too many requests wait for renewals; this one runs too, ask for its status.");
  }
  const auto deadline = net::EventLoop::now() + limit;
  while (net::EventLoop::now() < deadline) {
    co_await services_.loop.sleep(base::kRenewalWaitPoll);
    auto record = co_await services_.store.certificates.load(before.cert_name);
    if (!record) co_return error_response(record.error());
    if (!*record) co_return no_certificate(before.cert_name);
    if ((*record)->fingerprint != before.fingerprint)
      co_return json_response(200, certificate_view(**record));
    if ((*record)->attempts > before.attempts) co_return problem_response(502, (*record)->last_error_message);
    before = std::move(**record);
  }
  co_return json_response(202, certificate_view(before));
}

net::Task<Response> Certificates::revoke(store::TokenRecord caller, std::string cert_name, std::string body) {
  const auto request = read_revocation(body);
  if (!request) co_return error_response(request.error());
  Change change = [request = *request](store::CertificateRecord& record) -> base::Status {
    if (!record.issued()) {
      return base::fail(base::ErrorCode::conflict,
                        "There is nothing to revoke: no certificate was issued yet.");
    }
    if (record.status == store::CertificateStatus::revoked) {
      return base::fail(base::ErrorCode::conflict,
                        "It is revoked already; renewing it orders a new certificate.");
    }
    if (record.revocations.size() >= base::kRevocationsMax) {
      return base::fail(base::ErrorCode::conflict, "Too many revocations of this certificate wait already.");
    }
    const auto leaf = crypto::parse_certificate_pem(record.fullchain_pem);
    if (!leaf) return std::unexpected(leaf.error());
    store::Revocation revocation;
    revocation.reason = request.reason;
    revocation.certificate_pem = leaf->to_pem();
    revocation.private_key_pem = record.private_key_pem;
    revocation.directory_url = record.issuer_directory_url;
    revocation.email = record.issuer_email;
    std::erase_if(record.revocations, [&](const store::Revocation& other) {
      return other.certificate_pem == revocation.certificate_pem;
    });
    // With a replacement it waits until that one is live everywhere.
    if (!request.reissue) revocation.not_before = base::now();
    record.revocations.push_back(std::move(revocation));
    if (request.reissue) ask_for_order(record);
    return {};
  };
  auto record = co_await change_own(std::move(caller), std::move(cert_name), std::move(change));
  if (!record) co_return error_response(record.error());
  co_return json_response(202, certificate_view(*record));
}

net::Task<base::Status> Certificates::remove(store::TokenRecord caller, std::string cert_name,
                                             Waiting waiting) {
  for (int i = 0;; ++i) {
    auto record = co_await find_own(caller, cert_name);
    if (!record) co_return std::unexpected(record.error());
    if (!record->revocations.empty() && waiting == Waiting::respect) {
      co_return base::fail(
          base::ErrorCode::conflict,
          "A revocation of this certificate is not done yet, and would be forgotten with it. "
          "Wait until \"revocations\" is empty, or delete it with ?force=true.");
    }
    // What was read is deleted, not what somebody else made of that name since.
    auto erased = co_await services_.store.certificates.erase(cert_name, record->generation);
    if (erased) {
      services_.on_certificate_erased(cert_name);
      co_return base::Status{};
    }
    const bool again = erased.error().code == base::ErrorCode::conflict && i + 1 < base::kCommitAttemptsMax;
    if (!again) co_return std::unexpected(erased.error());
  }
}

net::Task<Response> Certificates::erase(store::TokenRecord caller, std::string cert_name, Waiting waiting) {
  auto removed = co_await remove(std::move(caller), cert_name, waiting);
  if (!removed) co_return error_response(removed.error());
  co_return json_response(200, {{"message", fmt::format("Certificate \"{}\" is deleted", cert_name)}});
}

net::Task<Response> Certificates::erase_domain(store::TokenRecord caller, std::string cert_name,
                                               std::string domain) {
  const std::string name = parse_public_hostname(domain).value_or(domain);
  auto own = co_await find_own(caller, cert_name);
  if (!own) co_return error_response(own.error());
  if (own->domains == std::vector{name}) {
    co_return co_await erase(std::move(caller), std::move(cert_name), Waiting::respect);
  }
  Change change = [name](store::CertificateRecord& record) -> base::Status {
    if (std::erase(record.domains, name) == 0 || record.domains.empty()) {
      return base::fail(base::ErrorCode::not_found,
                        fmt::format("The certificate has no domain \"{}\".", base::printable(name, 80)));
    }
    ask_for_order(record);
    return {};
  };
  // An order that runs is for the old names; it would be thrown away at its commit anyway.
  auto record = co_await change_own(std::move(caller), std::move(cert_name), std::move(change),
                                    store::RunningOrder::drop);
  if (!record) co_return error_response(record.error());
  co_return json_response(202, certificate_view(*record));
}

}  // namespace cardea::api
