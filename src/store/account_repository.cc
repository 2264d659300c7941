#include "store/account_repository.h"

#include <utility>
#include <vector>

#include "store/key_names.h"

namespace cardea::store {

net::Task<base::Result<std::optional<std::string>>> AccountRepository::load(std::string directory_url,
                                                                            std::string email) {
  auto key = key_names::account(directory_url, email);
  if (!key) co_return std::unexpected(key.error());
  std::vector<std::string> command{"GET", std::move(*key)};
  auto reply = co_await client_.command(std::move(command));
  if (!reply) co_return std::unexpected(reply.error());
  co_return reply->optional_text();
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
  std::vector<std::string> get{"GET", std::move(*key)};
  auto winner = co_await client_.command(std::move(get));
  if (!winner) co_return std::unexpected(winner.error());
  auto pem = winner->optional_text();
  if (!pem) co_return std::unexpected(pem.error());
  if (!*pem) {
    co_return base::fail_retryable(base::ErrorCode::conflict,
                                   "the account's key was removed by somebody else",
                                   base::ErrorSource::store);
  }
  co_return std::move(**pem);
}

}  // namespace cardea::store
