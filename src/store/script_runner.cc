#include "store/script_runner.h"

#include <utility>

namespace cardea::store {
namespace {

std::vector<std::string> make_call(std::string command, std::string what, std::vector<std::string> keys,
                                   std::vector<std::string> arguments) {
  std::vector<std::string> call{std::move(command), std::move(what), std::to_string(keys.size())};
  for (std::string& key : keys) call.push_back(std::move(key));
  for (std::string& argument : arguments) call.push_back(std::move(argument));
  return call;
}

}  // namespace

net::Task<base::Result<RedisReply>> ScriptRunner::run(const std::string& script,
                                                      std::vector<std::string> keys,
                                                      std::vector<std::string> arguments) {
  auto hash = co_await load(script);
  if (!hash) co_return std::unexpected(hash.error());
  auto reply = co_await client_.command(make_call("EVALSHA", *hash, keys, arguments));
  if (!reply && reply.error().context.starts_with("NOSCRIPT")) {
    reply = co_await client_.command(make_call("EVAL", script, std::move(keys), std::move(arguments)));
  }
  co_return std::move(reply);
}

net::Task<base::Result<std::string>> ScriptRunner::load(const std::string& script) {
  if (const auto known = hashes_.find(&script); known != hashes_.end()) co_return known->second;
  std::vector<std::string> command{"SCRIPT", "LOAD", script};
  auto reply = co_await client_.command(std::move(command));
  if (!reply) co_return std::unexpected(reply.error());
  auto hash = reply->text();
  if (!hash) co_return std::unexpected(hash.error());
  hashes_[&script] = *hash;
  co_return std::string(*hash);
}

}  // namespace cardea::store
