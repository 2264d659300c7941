#include "store/challenge_repository.h"

#include <utility>
#include <vector>

#include "base/limits.h"
#include "store/challenge_scripts.h"
#include "store/key_names.h"

namespace cardea::store {

net::Task<base::Status> ChallengeRepository::put(std::string token, std::string key_authorization) {
  std::vector<std::string> command{"SET", key_names::challenge(token), std::move(key_authorization), "EX",
                                   std::to_string(base::kChallengeLifetime.count())};
  auto reply = co_await client_.command(std::move(command));
  if (!reply) co_return std::unexpected(reply.error());
  co_return base::Status{};
}

net::Task<base::Result<std::optional<std::string>>> ChallengeRepository::find(std::string token) {
  co_return co_await client_.get(key_names::challenge(token));
}

net::Task<base::Status> ChallengeRepository::erase(std::string token, std::chrono::seconds delay) {
  std::vector<std::string> command{"EXPIRE", key_names::challenge(token), std::to_string(delay.count())};
  auto reply = co_await client_.command(std::move(command));
  if (!reply) co_return std::unexpected(reply.error());
  co_return base::Status{};
}

net::Task<base::Status> ChallengeRepository::put_tls_alpn(std::string domain, std::string key_authorization) {
  std::vector<std::string> keys{key_names::tls_alpn(domain)};
  std::vector<std::string> arguments{std::move(key_authorization),
                                     std::to_string(base::kChallengeLifetime.count())};
  auto reply = co_await scripts_.run(scripts::kPutChallenge, std::move(keys), std::move(arguments));
  if (!reply) co_return std::unexpected(reply.error());
  auto stored = reply->integer();
  if (!stored) co_return std::unexpected(stored.error());
  if (*stored == 1) co_return base::Status{};
  co_return base::fail_retryable(
      base::ErrorCode::conflict,
      "another order for " + domain +
          " is being validated over tls-alpn-01, and a name can have one such validation at a time; this one "
          "can go on when that one has ended",
      base::ErrorSource::self);
}

net::Task<base::Result<std::optional<std::string>>> ChallengeRepository::find_tls_alpn(std::string domain) {
  co_return co_await client_.get(key_names::tls_alpn(domain));
}

net::Task<base::Status> ChallengeRepository::erase_tls_alpn(std::string domain, std::string key_authorization,
                                                            std::chrono::seconds delay) {
  std::vector<std::string> keys{key_names::tls_alpn(domain)};
  std::vector<std::string> arguments{std::move(key_authorization), std::to_string(delay.count())};
  auto reply = co_await scripts_.run(scripts::kEraseChallenge, std::move(keys), std::move(arguments));
  if (!reply) co_return std::unexpected(reply.error());
  co_return base::Status{};
}

}  // namespace cardea::store
