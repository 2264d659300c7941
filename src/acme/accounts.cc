#include "acme/accounts.h"

#include <utility>

#include <fmt/core.h>

#include "acme/held_lease.h"
#include "acme/json_fields.h"
#include "acme/messages.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/url.h"
#include "crypto/jwk.h"

namespace cardea::acme {
namespace {

using base::Error;
using base::ErrorCode;
using base::ErrorSource;

std::string authority_of(const std::string& directory_url) {
  const auto url = base::parse_url(directory_url);
  return url ? url->authority() : directory_url;
}

std::unexpected<Failed> deactivated(const std::string& directory_url, const std::string& email) {
  return stopped(
      "accountDeactivated",
      fmt::format("the CA at {} has closed the account of {}; it is not registered again by itself. "
                  "Use another e-mail address, or remove account:…, account-state:… of this one "
                  "from Redis to register it anew, then renew",
                  authority_of(directory_url), email));
}

}  // namespace

net::Task<base::Result<Accounts::Known>> Accounts::load(const std::string& directory_url,
                                                        const std::string& email) {
  auto pem = co_await store_.accounts.load(directory_url, email);
  if (!pem) co_return std::unexpected(pem.error());
  auto state = co_await store_.accounts.load_state(directory_url, email);
  if (!state) co_return std::unexpected(state.error());
  co_return Known{pem->value_or(""), std::move(*state)};
}

base::Result<Account> Accounts::make_account(const std::string& pem) {
  constexpr std::size_t kParsedMax = 64;
  if (const auto found = parsed_.find(pem); found != parsed_.end()) return found->second;
  auto key = crypto::PrivateKey::from_pem(pem);
  if (!key) return base::wrap(key.error(), "the stored account key");
  auto thumbprint = crypto::jwk_thumbprint(*key);
  if (!thumbprint) return std::unexpected(thumbprint.error());
  if (parsed_.size() == kParsedMax) parsed_.clear();
  Account account{std::make_shared<const crypto::PrivateKey>(std::move(*key)), std::move(*thumbprint), {}};
  return parsed_.insert_or_assign(pem, std::move(account)).first->second;
}

net::Task<base::Result<std::optional<Account>>> Accounts::find(std::string directory_url, std::string email) {
  auto known = co_await load(directory_url, email);
  if (!known) co_return std::unexpected(known.error());
  if (known->pem.empty() || known->state.url.empty() || known->state.deactivated) co_return std::nullopt;
  auto account = make_account(known->pem);
  if (!account) co_return std::unexpected(account.error());
  // The key may have been replaced by hand; the URL then belongs to the one before.
  if (account->thumbprint != known->state.key_thumbprint) co_return std::nullopt;
  account->url = known->state.url;
  co_return std::optional(std::move(*account));
}

net::Task<base::Status> Accounts::forget(std::string directory_url, std::string email, std::string url) {
  auto state = co_await store_.accounts.load_state(directory_url, email);
  if (!state) co_return std::unexpected(state.error());
  if (state->url != url) co_return base::Status{};  // somebody has asked anew already
  state->url.clear();
  co_return co_await store_.accounts.save_state(std::move(directory_url), std::move(email),
                                                std::move(*state));
}

net::Task<Attempted<Account>> Accounts::ensure(Client& client, AccountRequest request) {
  const std::string directory_url = client.directory_url();
  const auto began = net::EventLoop::now();
  const auto deadline = began + base::kAccountWait;
  while (net::EventLoop::now() < deadline) {
    auto known = co_await load(directory_url, request.email);
    if (!known) co_return failure(known.error());
    if (known->state.deactivated) co_return deactivated(directory_url, request.email);
    if (known->state.contact == request.email) {
      auto account = co_await find(directory_url, request.email);
      if (!account) co_return failure(account.error());
      if (*account) co_return std::move(**account);
    }
    auto lease =
        co_await HeldLease::acquire(loop_, store_.leases, "account:" + directory_url + ":" + request.email);
    if (!lease) co_return failure(lease.error());
    if (*lease) {
      auto settled = co_await settle_once(client, request, began);
      co_await (*lease)->release();
      co_return settled;
    }
    co_await loop_.sleep(base::kAccountPoll);
  }
  co_return failure({ErrorCode::timeout, ErrorSource::self, true,
                     "another node has been registering the account for a minute; trying again later"});
}

// A hundred certificates may wait for the same account: what one of them was told while the others waited is
// for all.
net::Task<Attempted<Account>> Accounts::settle_once(Client& client, AccountRequest request,
                                                    net::Clock::time_point since) {
  const std::string name = client.directory_url() + " " + request.email;
  const auto last = failures_.find(name);
  if (last != failures_.end() && last->second.at > since) co_return std::unexpected(last->second.failed);
  auto settled = co_await settle(client, request);
  failures_.erase(name);
  if (!settled) failures_.insert_or_assign(name, Failure{net::EventLoop::now(), settled.error()});
  co_return settled;
}

net::Task<base::Result<std::string>> Accounts::make_key(std::string directory_url, AccountRequest request) {
  const std::string& from = request.previous_email;
  if (!from.empty() && from != request.email) {
    auto old = co_await store_.accounts.load_state(directory_url, from);
    if (!old) co_return std::unexpected(old.error());
    // An address is no property: anybody may have named it. Only who registered the account may take it
    // along.
    const bool own = !old->owner_token_hash.empty() && old->owner_token_hash == request.owner_token_hash;
    auto moved =
        own ? co_await store_.accounts.rename(directory_url, from, request.email) : base::Result<bool>(false);
    if (!moved) co_return std::unexpected(moved.error());
    if (*moved) {
      base::log_info("the account of {} at {} goes on as that of {}", from, directory_url, request.email);
      auto pem = co_await store_.accounts.load(directory_url, request.email);
      if (!pem) co_return std::unexpected(pem.error());
      if (*pem) co_return std::move(**pem);
    }
  }
  auto fresh = co_await keys_.generate(crypto::KeyType::rsa2048);
  if (!fresh) co_return std::unexpected(fresh.error());
  co_return co_await store_.accounts.store_if_absent(directory_url, request.email, fresh->to_pem());
}

net::Task<Attempted<Account>> Accounts::settle(Client& client, AccountRequest request) {
  const std::string directory_url = client.directory_url();
  const std::string& email = request.email;
  auto directory = co_await client.directory();
  if (!directory) co_return std::unexpected(std::move(directory.error()));
  // Read only now: another node may have finished between the decision and the lease.
  auto known = co_await load(directory_url, email);
  if (!known) co_return failure(known.error());
  if (known->pem.empty()) {
    auto pem = co_await make_key(directory_url, request);
    if (!pem) co_return failure(pem.error());
    known = co_await load(directory_url, email);  // with the state of an account that was moved
    if (!known) co_return failure(known.error());
    known->pem = std::move(*pem);
  }
  auto account = make_account(known->pem);
  if (!account) co_return failure(account.error());
  store::AccountState& state = known->state;
  if (state.key_thumbprint != account->thumbprint) {
    state = {};
    state.key_thumbprint = account->thumbprint;
  }
  if (state.url.empty()) {
    Attempted<std::string> url = co_await find_url(client, *directory, *account->key);
    if (url && url->empty()) {
      url = co_await register_account(client, *directory, *account->key, email, state);
      state.owner_token_hash = request.owner_token_hash;
    }
    if (!url && is_account_closed(url.error().problem)) {
      state.deactivated = true;
      static_cast<void>(co_await store_.accounts.save_state(directory_url, email, state));
      co_return deactivated(directory_url, email);
    }
    if (!url) co_return std::unexpected(std::move(url.error()));
    state.url = std::move(*url);
  }
  account->url = state.url;
  if (state.contact != email) co_await tell_contact(client, *account, state, email);
  auto saved = co_await store_.accounts.save_state(directory_url, email, state);
  if (!saved) co_return failure(saved.error());
  co_return std::move(*account);
}

// "" if the CA does not know the key.
net::Task<Attempted<std::string>> Accounts::find_url(Client& client, const Directory& directory,
                                                     const crypto::PrivateKey& key) {
  auto response = co_await client.post(Signer{key, {}}, directory.new_account, find_account_payload());
  if (!response) co_return failure(base::wrap(response.error(), "looking for the account").error());
  if (is_success(*response) && is_https_url(response->location)) co_return std::move(response->location);
  if (is_account_missing(problem_of(*response))) co_return std::string();
  co_return failure(*response, "looking for the account", base::now());
}

net::Task<Attempted<std::string>> Accounts::register_account(Client& client, const Directory& directory,
                                                             const crypto::PrivateKey& key, std::string email,
                                                             store::AccountState& state) {
  const std::string authority = authority_of(client.directory_url());
  std::string binding;
  const ExternalAccount* external = find_external_account(external_, client.directory_url());
  if (external != nullptr) {
    auto made = external_account_binding(*external, key, directory.new_account);
    if (!made) co_return failure(made.error());
    binding = std::move(*made);
    state.external_account = external->kid;
  } else if (directory.external_account_required) {
    co_return stopped(
        "externalAccountRequired",
        fmt::format(
            "the CA at {} wants an external account: get a key identifier and an HMAC key from it and put "
            "{}=KEY_ID:HMAC_KEY into ACME_EAB of .env, restart, then renew",
            authority, authority));
  }
  auto response =
      co_await client.post(Signer{key, {}}, directory.new_account, new_account_payload(email, binding));
  if (!response) co_return failure(base::wrap(response.error(), "registering the account").error());
  if (!is_success(*response)) co_return failure(*response, "registering the account", base::now());
  if (!is_https_url(response->location)) {
    co_return failure(
        {ErrorCode::protocol, ErrorSource::ca, false, "the CA's answer to newAccount names no account URL"});
  }
  base::log_info("registered an account for {} at {}{}", email, authority,
                 directory.terms_of_service.empty()
                     ? std::string()
                     : "; agreed to its terms of service: " + base::printable(directory.terms_of_service));
  state.contact = email;
  state.terms_of_service = directory.terms_of_service;
  state.registered_at = base::now();
  co_return std::move(response->location);
}

// The account works with an old address too, so a refusal is no reason to order nothing.
net::Task<void> Accounts::tell_contact(Client& client, const Account& account, store::AccountState& state,
                                       std::string email) {
  auto response = co_await client.post(account.signer(), account.url, contact_payload(email));
  if (response && !is_success(*response)) {
    base::log_warn("account of {} at {}: the CA does not take the address: {}", email, client.directory_url(),
                   problem_of(*response).to_text());
  }
  // A refusal would only come again; all else (a lost answer, trouble at the CA) is asked for with the next
  // order.
  const bool refused =
      response && response->status >= 400 && response->status < 500 && response->status != 429;
  if (refused || (response && is_success(*response))) state.contact = email;
}

}  // namespace cardea::acme
