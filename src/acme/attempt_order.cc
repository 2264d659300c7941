// The part of attempt.h that drives an order: does what the machine says until it has a chain or gives up,
// and commits what came.
#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "acme/attempt.h"
#include "acme/chain_choice.h"
#include "acme/renewal_info.h"
#include "acme/retry_after.h"
#include "acme/verify.h"
#include "base/limits.h"
#include "base/log.h"
#include "crypto/certificate.h"
#include "crypto/random.h"

namespace cardea::acme {
namespace {

using base::ErrorCode;

}  // namespace

bool Attempt::is_for(const store::CertificateRecord& record) const {
  return record.domains == record_.domains && record.key_type == record_.key_type &&
         record.email == record_.email && record.directory_urls == record_.directory_urls &&
         record.challenge_type == record_.challenge_type && record.profile == record_.profile &&
         record.profile_required == record_.profile_required &&
         record.preferred_chain == record_.preferred_chain;
}

bool Attempt::is_outdated_by(const store::CertificateRecord& record) const {
  const bool asked_again = record.next_attempt_at != record_.next_attempt_at && record.next_attempt_at &&
                           *record.next_attempt_at <= base::now();
  return asked_again || !is_for(record);
}

net::Task<Outcome> Attempt::drive(OrderMachine& machine) {
  for (;;) {
    if (lease_.lost()) co_return Superseded{"another node took over this certificate"};
    co_await report(machine.step(), machine.describe());
    Action action = machine.next();
    base::Status stored;
    if (auto* request = std::get_if<Request>(&action)) {
      co_await do_request(machine, std::move(*request));
      continue;
    }
    if (auto* wait = std::get_if<Wait>(&action)) {
      if (wait->duration > base::kWaitUnderLeaseMax) {
        co_return Postponed{
            base::now() + wait->duration,
            fmt::format("{}: the CA asked to come back in {} s", machine.describe(), wait->duration.count())};
      }
      co_await sleep(machine, wait->duration);
    } else if (auto* what = std::get_if<RememberOrder>(&action)) {
      stored = co_await remember(*what);
    } else if (auto* challenge = std::get_if<PublishChallenge>(&action)) {
      stored = co_await publish(*challenge);
    } else if (auto* published = std::get_if<WithdrawChallenges>(&action)) {
      co_await withdraw(*published);
    } else if (auto* finished = std::get_if<Finished>(&action)) {
      co_return co_await commit(std::move(finished->pem_chain));
    } else {
      co_return std::get<Failed>(std::move(action));
    }
    if (stored) machine.on_done();
    if (!stored && stored.error().code == ErrorCode::conflict && !stored.error().retryable) {
      co_return Superseded{stored.error().context};
    }
    if (!stored) machine.on_failure(stored.error());
  }
}

net::Task<void> Attempt::do_request(OrderMachine& machine, Request request) {
  const std::string doing = machine.describe();
  const std::string step(machine.step());
  auto response =
      co_await client_->post(account_->signer(), std::move(request.url), std::move(request.payload));
  if (!response) {
    remember_exchange(step, doing + ": " + response.error().context, 0);
    machine.on_connection_lost(response.error());
    co_return;
  }
  const bool done = is_success(*response);
  remember_exchange(step, done ? doing : doing + ": " + problem_of(*response).to_text(), response->status);
  if (!done) co_await hold_account_if_asked(*response);
  machine.on_response(*response, base::now());
}

net::Task<void> Attempt::hold_account_if_asked(const Response& response) {
  const base::Time now = base::now();
  const auto asked_for = parse_retry_after(response.retry_after, now);
  const bool busy = response.status == 429 || response.status == 503;
  if (!busy || !asked_for || *asked_for <= base::kWaitUnderLeaseMax) co_return;
  store::AccountHold hold{now + *asked_for,
                          "the CA asked to be left alone: " + problem_of(response).to_text()};
  static_cast<void>(
      co_await environment_.store.accounts.hold(directory_url_, record_.email, std::move(hold), now));
}

net::Task<base::Status> Attempt::remember(const RememberOrder& what) {
  order_->order_url = what.order_url;
  order_->finalize_sent = what.finalize_sent;
  order_->replaces = what.replaces;
  order_->profile = what.profile;
  order_->account_url = account_->url;
  order_->history = history_;
  co_return co_await environment_.store.orders.save(record_.cert_name, *order_, lease_.lease());
}

net::Task<base::Status> Attempt::publish(const PublishChallenge& challenge) {
  remember_exchange("validation", "Publishing the challenge for " + challenge.domain, 0);
  if (challenge.type == ChallengeType::tls_alpn_01) {
    co_return co_await environment_.store.challenges.put_tls_alpn(challenge.domain,
                                                                  challenge.key_authorization);
  }
  co_return co_await environment_.store.challenges.put(challenge.token, challenge.key_authorization);
}

net::Task<void> Attempt::withdraw(const WithdrawChallenges& what) {
  store::ChallengeRepository& store = environment_.store.challenges;
  for (const PublishChallenge& challenge : what.challenges) {
    if (challenge.type == ChallengeType::tls_alpn_01) {
      static_cast<void>(
          co_await store.erase_tls_alpn(challenge.domain, challenge.key_authorization, what.delay));
    } else {
      static_cast<void>(co_await store.erase(challenge.token, what.delay));
    }
  }
}

net::Task<void> Attempt::sleep(const OrderMachine& machine, std::chrono::seconds duration) {
  co_await environment_.loop.sleep(duration);
  if (duration >= base::kOrderReportInterval) co_await report(machine.step(), machine.describe());
}

net::Task<Outcome> Attempt::commit(std::string chain_pem) {
  auto issued = verify_issued(chain_pem, *key_, order_->domains, base::now());
  if (!issued) {
    co_await drop_order();  // it would only be downloaded again
    co_return failure(issued.error()).error();
  }
  // The clocks differ. While the old certificate lives it is served until the new one is valid.
  const auto early = issued->not_before - base::now();
  if (early.count() > 0 && record_.issued() && *record_.expires_at > issued->not_before) {
    co_await environment_.loop.sleep(early);
  }
  NewCertificate made{.not_before = issued->not_before,
                      .not_after = issued->not_after,
                      .fingerprint = issued->fingerprint,
                      .fullchain_pem = std::move(chain_pem),
                      .private_key_pem = key_->to_pem(),
                      .directory_url = directory_url_,
                      .email = record_.email,
                      .certificate_id = {}};
  const auto leaf = crypto::parse_certificate_pem(made.fullchain_pem);
  if (leaf && !directory_->renewal_info.empty()) made.certificate_id = renewal_id(*leaf).value_or("");
  if (!record_.preferred_chain.empty() && !chain_has_issuer(made.fullchain_pem, record_.preferred_chain)) {
    remember_exchange("download",
                      fmt::format("No chain of the CA's has an issuer named \"{}\"; its first one is taken",
                                  record_.preferred_chain),
                      0);
  }
  remember_exchange("stored",
                    fmt::format("Stored; issued by {}, valid until {}", issued->issuer,
                                base::to_rfc3339(issued->not_after)),
                    0);
  co_return co_await store_issued(std::move(made));
}

net::Task<void> Attempt::count_issued() {
  static_cast<void>(
      co_await environment_.ledger.record_issued(ledger_order(*order_), order_->ledger_event, base::now()));
}

// Everything about the new certificate in one commit, which also takes the order away.
net::Task<Outcome> Attempt::store_issued(NewCertificate made) {
  store::CertificateRecord current = record_;
  for (int i = 0; i < base::kCommitAttemptsMax; ++i) {
    store::CertificateRecord record = current;
    settle_success(record, made, history_, environment_.options, base::now(), crypto::random_number());
    auto saved = co_await environment_.store.certificates.save(record, current.generation, lease_.lease(),
                                                               store::RunningOrder::drop);
    if (saved) {
      co_await count_issued();
      record.generation = *saved;
      co_return Issued{std::move(record)};
    }
    base::log_warn("certificate {}: storing it: {}", record.cert_name, saved.error().context);
    // Another write came first, or the answer was lost but not the commit.
    co_await environment_.loop.sleep(std::chrono::seconds(i));
    auto found = co_await environment_.store.certificates.load(record.cert_name);
    if (!found) continue;
    if (!*found) {
      co_await drop_order();  // with its key
      co_return Superseded{"it was deleted while it was ordered"};
    }
    if ((*found)->fingerprint == made.fingerprint) {
      co_await count_issued();
      co_return Issued{std::move(**found)};
    }
    if (lease_.lost() || !is_for(**found)) {
      co_await drop_order();  // what it brings is not wanted any more
      co_return Superseded{"it was changed while it was ordered"};
    }
    // What was read may be the work of one that took over and is done: only with the lease in hand it is not.
    auto held = co_await lease_.confirm();
    if (!held) continue;
    if (!*held) co_return Superseded{"another node took over this certificate"};
    current = std::move(**found);
  }
  // The order stays in the store, with its key: whoever takes it up downloads the same certificate.
  co_return failure({ErrorCode::unavailable, base::ErrorSource::store, true, "storing the certificate"})
      .error();
}

}  // namespace cardea::acme
