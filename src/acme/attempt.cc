#include "acme/attempt.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "acme/renewal_info.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"
#include "crypto/certificate.h"
#include "crypto/csr.h"
#include "crypto/random.h"

namespace cardea::acme {
namespace {

using base::ErrorCode;
using base::ErrorSource;

std::set<std::string> sorted(const std::vector<std::string>& names) {
  return {names.begin(), names.end()};
}

// A CA that renews what it issued itself wants to know, and then counts it for no limit (RFC 9773 §5).
std::string replaced_id(const store::CertificateRecord& record, const std::string& directory_url,
                        const Directory& directory, base::Time now) {
  const bool same_account =
      record.issuer_directory_url == directory_url && record.issuer_email == record.email;
  if (directory.renewal_info.empty() || !record.issued() || !same_account || *record.expires_at <= now)
    return {};
  const auto leaf = crypto::parse_certificate_pem(record.fullchain_pem);
  if (!leaf) return {};
  return renewal_id(*leaf).value_or("");
}

}  // namespace

Attempt::Attempt(Environment& environment, store::CertificateRecord record, const HeldLease& lease)
    : environment_(environment), record_(std::move(record)), lease_(lease) {
  directory_url_ = next_directory(record_, environment_.options, base::now());
  client_ = environment_.clients.get(directory_url_);
}

net::Task<Outcome> Attempt::run() {
  if (auto stop = co_await prepare()) co_return std::move(*stop);
  co_return co_await obtain();
}

net::Task<Attempt::Stop> Attempt::prepare() {
  if (auto stop = co_await take_up_order()) co_return stop;
  auto hold = co_await environment_.store.accounts.find_hold(directory_url_, record_.email);
  if (!hold) co_return failure(hold.error()).error();
  if (*hold && (*hold)->until > base::now()) co_return Postponed{(*hold)->until, (*hold)->reason};
  co_await report("account", "Preparing the account at the CA");
  auto directory = co_await client_->directory();
  if (!directory) co_return std::move(directory.error());
  directory_ = std::move(*directory);
  auto account = co_await environment_.accounts.ensure(*client_, account_request());
  if (!account) co_return std::move(account.error());
  account_ = std::move(*account);
  if (!order_) co_return co_await begin_order();
  // Taken up before the CA was asked: it is still a new one.
  if (order_->order_url.empty()) co_return co_await reserve(*order_);
  co_return std::nullopt;
}

AccountRequest Attempt::account_request() const {
  return {record_.email, record_.issuer_email, record_.owner_token_hash};
}

bool Attempt::order_fits(const store::OrderRecord& order) const {
  // One that was begun without an optional profile was so because the CA did not have it.
  const bool profile_fits =
      order.profile == record_.profile || (order.profile.empty() && !record_.profile_required);
  return profile_fits && sorted(order.domains) == sorted(record_.domains) &&
         order.directory_url == directory_url_ && order.email == record_.email &&
         order.key_type == record_.key_type && order.challenge_type == record_.challenge_type;
}

net::Task<Attempt::Stop> Attempt::take_up_order() {
  auto order = co_await environment_.store.orders.load(record_.cert_name);
  if (!order && order.error().code != ErrorCode::invalid) co_return failure(order.error()).error();
  if (!order || !*order) co_return std::nullopt;
  auto key = crypto::PrivateKey::from_pem((*order)->private_key_pem);
  if (!order_fits(**order) || !key) {
    order_ = std::move(**order);
    co_await drop_order();
    co_return std::nullopt;
  }
  order_ = std::move(**order);
  key_ = std::move(*key);
  history_ = order_->history;
  remember_exchange("order", "Taking up an order that was begun before", 0);
  co_return std::nullopt;
}

Attempted<store::OrderRecord> Attempt::plan_order() const {
  store::OrderRecord order;
  order.domains = record_.domains;
  order.directory_url = directory_url_;
  order.email = record_.email;
  order.account_url = account_->url;
  order.key_type = record_.key_type;
  order.challenge_type = record_.challenge_type;
  order.created_at = base::now();
  order.ledger_event = base::to_hex(crypto::random_bytes(base::kLedgerEventIdBytes));
  order.replaces = replaced_id(record_, directory_url_, *directory_, *order.created_at);
  if (record_.profile.empty() || directory_->profiles.contains(record_.profile)) {
    order.profile = record_.profile;
  } else if (record_.profile_required) {
    std::string offered;
    for (const auto& [name, description] : directory_->profiles) {
      offered.append(offered.empty() ? "" : ", ").append(name);
    }
    return failure({ErrorCode::rejected, ErrorSource::ca, false,
                    fmt::format("the CA has no profile \"{}\"; it has: {}", record_.profile,
                                offered.empty() ? "none" : offered)});
  }
  return order;
}

LedgerOrder Attempt::ledger_order(const store::OrderRecord& order) const {
  const auto leaf = crypto::parse_certificate_pem(record_.fullchain_pem);
  const bool same_names = leaf && sorted(leaf->dns_names()) == sorted(order.domains);
  const OrderKind kind = !order.replaces.empty() ? OrderKind::replacement
                         : same_names            ? OrderKind::renewal
                                                 : OrderKind::first;
  return {order.directory_url, order.email, order.domains, kind};
}

net::Task<Attempt::Stop> Attempt::reserve(store::OrderRecord order) {
  auto refusal = co_await environment_.ledger.reserve(ledger_order(order), order.ledger_event, base::now());
  if (!refusal) co_return failure(refusal.error()).error();
  if (*refusal) co_return Postponed{(*refusal)->until, (*refusal)->sentence};
  co_return std::nullopt;
}

// The key is stored before the CA is asked, so that whatever happens afterwards nothing that it issues is
// lost.
net::Task<Attempt::Stop> Attempt::begin_order() {
  auto order = plan_order();
  if (!order) co_return std::move(order.error());
  if (auto stop = co_await reserve(*order)) co_return stop;
  auto key = co_await environment_.keys.generate(
      crypto::parse_key_type(record_.key_type).value_or(crypto::KeyType::rsa2048));
  if (!key) {
    co_await give_back(*order);
    co_return failure(key.error()).error();
  }
  key_ = std::move(*key);
  order->private_key_pem = key_->to_pem();
  auto saved = co_await environment_.store.orders.save(record_.cert_name, *order, lease_.lease());
  if (!saved) {
    co_await give_back(*order);
    if (saved.error().code == ErrorCode::conflict) co_return Superseded{saved.error().context};
    co_return failure(saved.error()).error();
  }
  order_ = std::move(*order);
  co_return std::nullopt;
}

base::Result<OrderPlan> Attempt::make_plan() const {
  auto csr = crypto::make_csr_der(*key_, order_->domains);
  if (!csr) return std::unexpected(csr.error());
  OrderPlan plan;
  plan.domains = order_->domains;
  plan.challenge_type = parse_challenge_type(order_->challenge_type).value_or(ChallengeType::http_01);
  plan.account_thumbprint = account_->thumbprint;
  plan.csr_der = std::move(*csr);
  plan.new_order_url = directory_->new_order;
  plan.order_url = order_->order_url;
  plan.finalize_sent = order_->finalize_sent;
  plan.replaces = order_->replaces;
  plan.profile = order_->profile;
  plan.profile_required = record_.profile_required;
  plan.preferred_chain = record_.preferred_chain;
  plan.poll_interval = environment_.options.poll_interval;
  plan.polls_max = environment_.options.polls_max;
  return plan;
}

net::Task<Outcome> Attempt::obtain() {
  for (;;) {
    auto plan = make_plan();
    if (!plan) co_return failure(plan.error()).error();
    OrderMachine machine(std::move(*plan));
    Outcome outcome = co_await drive(machine);
    auto* failed = std::get_if<Failed>(&outcome);
    if (failed == nullptr) co_return outcome;
    co_await count_failure(*failed);
    const bool mended = co_await mend(*failed);
    if (!mended) {
      // Only an order that may still succeed is worth taking up; that Redis refused something says nothing of
      // it.
      const bool over = !failed->error.retryable && failed->error.source != ErrorSource::store;
      if (over) co_await drop_order();
      co_return outcome;
    }
    if (order_) continue;
    if (auto stop = co_await begin_order()) co_return std::move(*stop);
  }
}

net::Task<void> Attempt::count_failure(const Failed& failed) {
  if (failed.invalid_name.empty() || !order_) co_return;
  // The count is a courtesy to the CA, which counts too: losing an event must not change what happens next.
  static_cast<void>(co_await environment_.ledger.record_failure(ledger_order(*order_), failed.invalid_name,
                                                                order_->order_url, base::now()));
}

net::Task<bool> Attempt::mend(Failed& failed) {
  if (lease_.lost()) co_return false;
  const bool lost_account = is_account_missing(failed.problem) || is_account_closed(failed.problem);
  if (lost_account && !account_renewed_) {
    // A CA that lost its memory, or an account that was removed or closed: its orders are gone with it.
    account_renewed_ = true;
    remember_exchange("account", "The CA does not take the account any more; asking for it anew", 0);
    auto forgotten = co_await environment_.accounts.forget(directory_url_, record_.email, account_->url);
    if (!forgotten) co_return false;
    auto account = co_await environment_.accounts.ensure(*client_, account_request());
    if (!account) {
      failed = std::move(account.error());  // says what to do about it
      co_return false;
    }
    account_ = std::move(*account);
    co_await drop_order();
    co_return true;
  }
  if (failed.order_gone && !order_renewed_) {
    order_renewed_ = true;
    remember_exchange("order", "The order that was begun cannot be used any more; making a new one", 0);
    co_await drop_order();
    co_return true;
  }
  co_return false;
}

// Nothing was issued for it: what was counted for it in advance is free again. If Redis does not hear of
// this, one order less is allowed until the limit's time has passed.
net::Task<void> Attempt::give_back(store::OrderRecord order) {
  const bool made = !order.order_url.empty();
  static_cast<void>(co_await environment_.ledger.give_back(ledger_order(order), order.ledger_event, made));
}

net::Task<void> Attempt::drop_order() {
  // After finalize the CA may have issued, whatever we heard of it.
  if (order_ && !order_->finalize_sent) co_await give_back(*order_);
  order_.reset();
  // Under the lease; if it is lost, the order belongs to whoever has it now.
  static_cast<void>(co_await environment_.store.orders.erase(record_.cert_name, lease_.lease()));
}

void Attempt::remember_exchange(std::string_view step, std::string message, int status) {
  if (!history_.empty() && history_.back().message == message && history_.back().status == status) {
    history_.back().at = base::now();  // one more look at the same
    return;
  }
  store::add_history(history_, {base::now(), std::string(step), std::move(message), status});
}

net::Task<void> Attempt::report(std::string_view step, std::string message) {
  base::log_debug("certificate {}: {}", record_.cert_name, message);
  // Progress is for people; losing a line of it must not stop the issuance.
  static_cast<void>(
      co_await environment_.store.progress.put(record_.cert_name, std::string(step), std::move(message)));
}

}  // namespace cardea::acme
