#include "acme/revoker.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "acme/messages.h"
#include "acme/retry_policy.h"
#include "base/log.h"
#include "base/strings.h"
#include "crypto/certificate.h"
#include "crypto/random.h"

namespace cardea::acme {
namespace {

using std::chrono::seconds;

constexpr std::array<std::pair<std::string_view, int>, 5> kReasons = {
    {{"unspecified", kReasonUnspecified},
     {"keyCompromise", kReasonKeyCompromise},
     {"affiliationChanged", 3},
     {"superseded", kReasonSuperseded},
     {"cessationOfOperation", 5}}};

// What became of one request. `reason` is absent if it failed.
struct Result {
  std::string certificate_pem;
  std::optional<int> reason;
  std::string error;
  std::optional<seconds> retry;
};

void apply(store::CertificateRecord& record, const Result& result, base::Time now) {
  const auto at =
      std::ranges::find(record.revocations, result.certificate_pem, &store::Revocation::certificate_pem);
  if (at == record.revocations.end()) return;
  if (!result.reason) {
    ++at->attempts;
    at->last_error = result.error;
    at->not_before = now + result.retry.value_or(std::chrono::hours(24));
    store::add_history(record.history, {now, "revocation", result.error, 0});
    return;
  }
  record.revocations.erase(at);
  store::add_history(record.history,
                     {now, "revocation", "Revoked with reason " + revocation_reason_name(*result.reason), 0});
  const auto revoked = crypto::parse_certificate_pem(result.certificate_pem);
  if (!revoked || revoked->fingerprint() != record.fingerprint) return;
  // It was not replaced: nothing is served any more, and nothing is ordered until somebody asks for it, as
  // may have been done meanwhile.
  record.status = store::CertificateStatus::revoked;
  if (record.next_attempt_at && *record.next_attempt_at > now) record.next_attempt_at.reset();
  record.postponed_because.clear();
}

}  // namespace

std::optional<int> parse_revocation_reason(std::string_view text) {
  for (const auto& [name, number] : kReasons) {
    if (base::equals_ignoring_case(text, name) || text == std::to_string(number)) return number;
  }
  return std::nullopt;
}

std::string revocation_reason_name(int reason) {
  const auto found = std::ranges::find(kReasons, reason, &std::pair<std::string_view, int>::second);
  return found == kReasons.end() ? std::to_string(reason) : std::string(found->first);
}

net::Task<std::function<void(store::CertificateRecord&)>> Revoker::revoke(store::CertificateRecord record) {
  std::vector<Result> results;
  for (const store::Revocation& revocation : record.revocations) {
    if (!revocation.not_before || *revocation.not_before > base::now()) continue;
    auto done = co_await send(revocation);
    Result result{.certificate_pem = revocation.certificate_pem, .reason = {}, .error = {}, .retry = {}};
    if (done) {
      base::log_info("certificate {}: revoked with reason {}", record.cert_name, *done);
      result.reason = *done;
    } else {
      const Failed& failed = done.error();
      result.error = failed.error.context;
      result.retry = retry_delay(classify(failed.error, failed.problem, failed.retry_after),
                                 revocation.attempts + 1, failed.retry_after, crypto::random_number());
      base::log_error("certificate {}: revoking it: {}", record.cert_name, result.error);
    }
    results.push_back(std::move(result));
  }
  co_return [results = std::move(results)](store::CertificateRecord& current) {
    for (const Result& result : results) apply(current, result, base::now());
  };
}

net::Task<Attempted<int>> Revoker::send(store::Revocation revocation) {
  const std::shared_ptr<Client> client = environment_.clients.get(revocation.directory_url);
  auto directory = co_await client->directory();
  if (!directory) co_return std::unexpected(std::move(directory.error()));
  if (directory->revoke_cert.empty()) {
    co_return stopped("revocationNotOffered", "the CA offers no revocation; ask it by other means");
  }
  auto der = crypto::certificate_der(revocation.certificate_pem);
  auto key = crypto::PrivateKey::from_pem(revocation.private_key_pem);
  if (!der) co_return failure(der.error());
  if (!key) co_return failure(key.error());
  const Signer by_key{*key, {}};
  auto account = co_await environment_.accounts.find(revocation.directory_url, revocation.email);
  if (!account) co_return failure(account.error());
  // Who signs with the certificate's own key proves that it is compromised: CAs then never certify it again.
  const bool key_first = revocation.reason == kReasonKeyCompromise || !*account;
  const Signer first = key_first ? by_key : (*account)->signer();
  auto done = co_await send_signed(*client, first, directory->revoke_cert, *der, revocation.reason);
  if (done || !*account || done.error().error.retryable) co_return done;
  // The account may be lost, or not the one that ordered it; the key may be of a kind that the CA refuses.
  const Signer second = key_first ? (*account)->signer() : by_key;
  auto again = co_await send_signed(*client, second, directory->revoke_cert, *der, revocation.reason);
  co_return again ? std::move(again) : std::move(done);
}

net::Task<Attempted<int>> Revoker::send_signed(Client& client, const Signer& signer, std::string url,
                                               std::string certificate_der, int reason) {
  auto response = co_await client.post(signer, url, revoke_payload(certificate_der, reason));
  if (!response) co_return failure(response.error());
  if (is_success(*response)) co_return reason;
  const Problem problem = problem_of(*response);
  if (problem.is("alreadyRevoked")) co_return reason;
  if (problem.is("badRevocationReason") && reason != kReasonUnspecified) {
    co_return co_await send_signed(client, signer, std::move(url), std::move(certificate_der),
                                   kReasonUnspecified);
  }
  co_return failure(*response, "revoking the certificate", base::now());
}

}  // namespace cardea::acme
