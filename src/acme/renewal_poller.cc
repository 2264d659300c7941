#include "acme/renewal_poller.h"

#include <algorithm>
#include <utility>

#include "acme/renewal_info.h"
#include "base/log.h"
#include "crypto/random.h"

namespace cardea::acme {
namespace {

// The window may move; a time that was chosen in it stays for as long as it is in it, so that nodes and
// restarts do not draw until one is early.
base::Time chosen_in(const RenewalInfo& info, const store::RenewalAdvice& before) {
  if (before.chosen_at && info.start <= *before.chosen_at && *before.chosen_at < info.end)
    return *before.chosen_at;
  return choose_renewal_time(info, crypto::random_number());
}

store::RenewalAdvice failed(store::RenewalAdvice advice, PollFailure failure, base::Time now) {
  ++advice.failures;
  advice.next_poll_at = now + failed_poll_delay(advice.failures, failure);
  return advice;
}

}  // namespace

net::Task<std::function<void(store::CertificateRecord&)>> RenewalPoller::poll(
    store::CertificateRecord record) {
  store::RenewalAdvice advice = co_await ask(std::move(record));
  co_return [advice = std::move(advice)](store::CertificateRecord& current) {
    if (current.renewal.certificate_id == advice.certificate_id) current.renewal = advice;
  };
}

net::Task<store::RenewalAdvice> RenewalPoller::ask(store::CertificateRecord record) {
  store::RenewalAdvice advice = std::move(record.renewal);
  const std::shared_ptr<Client> client = environment_.clients.get(record.issuer_directory_url);
  auto directory = co_await client->directory();
  if (!directory) co_return failed(std::move(advice), PollFailure::temporary, base::now());
  if (directory->renewal_info.empty())
    co_return failed(std::move(advice), PollFailure::long_term, base::now());
  auto response = co_await client->get(directory->renewal_info + "/" + advice.certificate_id);
  const base::Time now = base::now();
  const int status = response ? response->status : 0;
  if (status != 200) {
    advice = failed(std::move(advice), poll_failure(status), now);
    // What the CA asks for counts where it is longer.
    const bool asked_for = response && !response->retry_after.empty();
    if (asked_for)
      advice.next_poll_at = std::max(*advice.next_poll_at, now + next_poll_delay(response->retry_after, now));
    co_return advice;
  }
  const auto info = parse_renewal_info(response->body);
  if (!info) {
    base::log_warn("certificate {}: renewal information: {}", record.cert_name, info.error().context);
    co_return failed(std::move(advice), PollFailure::long_term, now);
  }
  advice.chosen_at = chosen_in(*info, advice);
  advice.window_start = info->start;
  advice.window_end = info->end;
  advice.explanation_url = info->explanation_url;
  advice.failures = 0;
  advice.next_poll_at = now + next_poll_delay(response->retry_after, now);
  if (!advice.explanation_url.empty()) {
    base::log_info("certificate {}: the CA explains its renewal window at {}", record.cert_name,
                   advice.explanation_url);
  }
  co_return advice;
}

}  // namespace cardea::acme
