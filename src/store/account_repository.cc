#include "store/account_repository.h"

#include <utility>
#include <vector>

#include "base/log.h"
#include "store/key_names.h"
#include "store/scripts.h"

namespace cardea::store {

net::Task<base::Result<std::optional<std::string>>> AccountRepository::load(std::string directory_url,
                                                                            std::string email) {
  auto key = key_names::account(directory_url, email);
  if (!key) co_return std::unexpected(key.error());
  co_return co_await client_.get(std::move(*key));
}

net::Task<base::Result<std::string>> AccountRepository::store_if_absent(std::string directory_url,
                                                                        std::string email,
                                                                        std::string private_key_pem) {
  auto key = key_names::account(directory_url, email);
  if (!key) co_return std::unexpected(key.error());
  std::vector<std::string> set{"SET", *key, private_key_pem, "NX"};
  auto stored = co_await client_.command(std::move(set));
  if (!stored) co_return std::unexpected(stored.error());
  if (!stored->is_nil()) co_return std::move(private_key_pem);
  auto pem = co_await client_.get(std::move(*key));
  if (!pem) co_return std::unexpected(pem.error());
  if (!*pem) {
    co_return base::fail_retryable(base::ErrorCode::conflict,
                                   "the account's key was removed by somebody else",
                                   base::ErrorSource::store);
  }
  co_return std::move(**pem);
}

net::Task<base::Result<bool>> AccountRepository::rename(std::string directory_url, std::string from,
                                                        std::string to) {
  std::vector<std::string> keys;
  for (const std::string* email : {&from, &to}) {
    auto key = key_names::account(directory_url, *email);
    auto state = key_names::account_state(directory_url, *email);
    if (!key) co_return std::unexpected(key.error());
    if (!state) co_return std::unexpected(state.error());
    keys.push_back(std::move(*key));
    keys.push_back(std::move(*state));
  }
  auto reply = co_await scripts_.run(scripts::kRenameAccount, std::move(keys), {});
  if (!reply) co_return std::unexpected(reply.error());
  auto done = reply->integer();
  if (!done) co_return std::unexpected(done.error());
  co_return *done == 1;
}

net::Task<base::Result<AccountState>> AccountRepository::load_state(std::string directory_url,
                                                                    std::string email) {
  auto key = key_names::account_state(directory_url, email);
  if (!key) co_return std::unexpected(key.error());
  auto json = co_await client_.get(std::move(*key));
  if (!json) co_return std::unexpected(json.error());
  if (!*json) co_return AccountState{};
  auto state = parse_account_state(**json);
  if (state) co_return std::move(*state);
  base::log_warn("account of {} at {}: {}; the CA will be asked anew", email, directory_url,
                 state.error().context);
  co_return AccountState{};
}

net::Task<base::Status> AccountRepository::save_state(std::string directory_url, std::string email,
                                                      AccountState state) {
  auto key = key_names::account_state(directory_url, email);
  if (!key) co_return std::unexpected(key.error());
  std::vector<std::string> command{"SET", std::move(*key), to_json(state)};
  auto reply = co_await client_.command(std::move(command));
  if (!reply) co_return std::unexpected(reply.error());
  co_return base::Status{};
}

net::Task<base::Result<std::optional<AccountHold>>> AccountRepository::find_hold(std::string directory_url,
                                                                                 std::string email) {
  auto key = key_names::account_hold(directory_url, email);
  if (!key) co_return std::unexpected(key.error());
  auto json = co_await client_.get(std::move(*key));
  if (!json) co_return std::unexpected(json.error());
  if (!*json) co_return std::nullopt;
  auto hold = parse_account_hold(**json);
  if (hold) co_return std::optional(std::move(*hold));
  base::log_warn("account of {} at {}: {}; it counts as free", email, directory_url, hold.error().context);
  co_return std::nullopt;
}

net::Task<base::Status> AccountRepository::hold(std::string directory_url, std::string email,
                                                AccountHold hold, base::Time now) {
  const std::chrono::milliseconds left = hold.until - now;
  if (left.count() <= 0) co_return base::Status{};
  auto key = key_names::account_hold(directory_url, email);
  if (!key) co_return std::unexpected(key.error());
  std::vector<std::string> keys{std::move(*key)};
  std::vector<std::string> arguments{to_json(hold), std::to_string(left.count())};
  auto reply = co_await scripts_.run(scripts::kKeepLonger, std::move(keys), std::move(arguments));
  if (!reply) co_return std::unexpected(reply.error());
  co_return base::Status{};
}

}  // namespace cardea::store
