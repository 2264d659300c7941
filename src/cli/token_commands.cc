#include "cli/token_commands.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "api/names.h"
#include "auth/token.h"
#include "base/clock.h"
#include "base/limits.h"
#include "cli/command_line.h"
#include "cli/store_command.h"
#include "store/repositories.h"

namespace cardea::cli {
namespace {

using Command = std::function<net::Task<int>(store::Repositories&)>;

net::Task<int> generate(store::Repositories& store, std::string name, std::string cert_email) {
  store::TokenRecord record;
  record.name = name;
  record.token = auth::generate_token();
  record.hash = store::hash_token(record.token);
  record.cert_email = std::move(cert_email);
  record.created_at = base::now();
  auto created = co_await store.tokens.create(record);
  if (!created) co_return fail(created.error());
  fmt::print("{}\n", record.token);
  co_return 0;
}

net::Task<int> show(store::Repositories& store, std::string name) {
  auto record = co_await store.tokens.find_by_name(name);
  if (!record) co_return fail(record.error());
  if (!*record) {
    co_return fail(
        {base::ErrorCode::not_found, base::ErrorSource::self, false,
         fmt::format("there is no token named \"{}\"; \"./scripts/justw token-list\" shows all", name)});
  }
  fmt::print("{}\n", (*record)->token);
  co_return 0;
}

net::Task<int> list(store::Repositories& store) {
  auto records = co_await store.tokens.list();
  if (!records) co_return fail(records.error());
  std::size_t name_width = 4, email_width = 6;
  for (const auto& record : *records) {
    name_width = std::max(name_width, record.name.size());
    email_width = std::max(email_width, record.cert_email.size());
  }
  fmt::print("{:<{}}  {:<{}}  {}\n", "NAME", name_width, "E-MAIL", email_width, "CREATED");
  for (const auto& record : *records) {
    fmt::print("{:<{}}  {:<{}}  {}\n", record.name, name_width, record.cert_email, email_width,
               record.created_at ? base::to_rfc3339(*record.created_at) : "-");
  }
  co_return 0;
}

struct Owned {
  std::vector<std::string> hostnames;
  std::vector<std::string> cert_names;
};

net::Task<base::Result<Owned>> find_owned(store::Repositories& store, std::string hash) {
  Owned owned;
  auto targets = co_await store.targets.list();
  if (!targets) co_return std::unexpected(targets.error());
  auto certificates = co_await store.certificates.list();
  if (!certificates) co_return std::unexpected(certificates.error());
  for (const auto& target : *targets) {
    if (target.owner_token_hash == hash) owned.hostnames.push_back(target.hostname);
  }
  for (const auto& certificate : *certificates) {
    if (certificate.owner_token_hash == hash) owned.cert_names.push_back(certificate.cert_name);
  }
  co_return owned;
}

net::Task<int> erase(store::Repositories& store, std::string name, Cascade cascade) {
  auto record = co_await store.tokens.find_by_name(name);
  if (!record) co_return fail(record.error());
  if (!*record) {
    co_return fail({base::ErrorCode::not_found, base::ErrorSource::self, false,
                    fmt::format("there is no token named \"{}\"", name)});
  }
  auto owned = co_await find_owned(store, (*record)->hash);
  if (!owned) co_return fail(owned.error());
  for (const std::string& hostname : owned->hostnames)
    fmt::print(stderr, "owns the proxy target {}\n", hostname);
  for (const std::string& cert_name : owned->cert_names)
    fmt::print(stderr, "owns the certificate {}\n", cert_name);
  const bool owns_nothing = owned->hostnames.empty() && owned->cert_names.empty();
  if (!owns_nothing && cascade == Cascade::refuse) {
    fmt::print(stderr, "cardea: nothing was deleted; add --cascade to delete the token with all of these\n");
    co_return kExitFailed;
  }
  for (const std::string& hostname : owned->hostnames) {
    if (auto gone = co_await store.targets.erase(hostname); !gone) co_return fail(gone.error());
  }
  for (const std::string& cert_name : owned->cert_names) {
    if (auto gone = co_await store.certificates.erase(cert_name); !gone) co_return fail(gone.error());
  }
  auto gone = co_await store.tokens.erase(name);
  if (!gone) co_return fail(gone.error());
  fmt::print(stderr, "token {} is deleted\n", name);
  co_return 0;
}

}  // namespace

int generate_token(const StoreAccess& access, const std::string& name, const std::string& cert_email) {
  if (auto checked = api::check_token_name(name); !checked) return fail(checked.error());
  if (!cert_email.empty()) {
    if (auto checked = api::check_email(cert_email); !checked) return fail(checked.error());
  }
  return with_store(access, [&](store::Repositories& store) { return generate(store, name, cert_email); });
}

int show_token(const StoreAccess& access, const std::string& name) {
  return with_store(access, [&](store::Repositories& store) { return show(store, name); });
}

int list_tokens(const StoreAccess& access) {
  return with_store(access, [](store::Repositories& store) { return list(store); });
}

int delete_token(const StoreAccess& access, const std::string& name, Cascade cascade) {
  return with_store(access, [&](store::Repositories& store) { return erase(store, name, cascade); });
}

}  // namespace cardea::cli
