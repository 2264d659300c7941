#include "store/challenge_repository.h"

#include <utility>
#include <vector>

#include "base/limits.h"
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
  std::vector<std::string> command{"GET", key_names::challenge(token)};
  auto reply = co_await client_.command(std::move(command));
  if (!reply) co_return std::unexpected(reply.error());
  co_return reply->optional_text();
}

net::Task<base::Status> ChallengeRepository::erase(std::string token) {
  std::vector<std::string> command{"DEL", key_names::challenge(token)};
  auto reply = co_await client_.command(std::move(command));
  if (!reply) co_return std::unexpected(reply.error());
  co_return base::Status{};
}

}  // namespace cardea::store
