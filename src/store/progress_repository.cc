#include "store/progress_repository.h"

#include <utility>
#include <vector>

#include "base/limits.h"
#include "store/json_object.h"
#include "store/key_names.h"

namespace cardea::store {
namespace {

base::Result<Progress> parse_progress(std::string_view json) {
  auto reader = JsonObjectReader::parse(json, "progress");
  if (!reader) return std::unexpected(reader.error());
  Progress progress;
  reader->take("step", progress.step);
  reader->take("message", progress.message);
  reader->take("at", progress.at);
  auto other = reader->finish();
  if (!other) return std::unexpected(other.error());
  return progress;
}

}  // namespace

net::Task<base::Status> ProgressRepository::put(std::string cert_name, std::string step,
                                                std::string message) {
  boost::json::object object;
  object.emplace("step", step);
  object.emplace("message", message);
  put_time(object, "at", base::now());
  std::vector<std::string> command{"SET", key_names::progress(cert_name),
                                   finish_object(std::move(object), {}), "EX",
                                   std::to_string(base::kProgressLifetime.count())};
  auto reply = co_await client_.command(std::move(command));
  if (!reply) co_return std::unexpected(reply.error());
  co_return base::Status{};
}

net::Task<base::Result<std::optional<Progress>>> ProgressRepository::find(std::string cert_name) {
  auto json = co_await client_.get(key_names::progress(cert_name));
  if (!json) co_return std::unexpected(json.error());
  if (!*json) co_return std::nullopt;
  auto progress = parse_progress(**json);
  if (!progress) co_return std::unexpected(progress.error());
  co_return std::optional(std::move(*progress));
}

net::Task<base::Status> ProgressRepository::erase(std::string cert_name) {
  auto reply = co_await client_.command({"DEL", key_names::progress(cert_name)});
  if (!reply) co_return std::unexpected(reply.error());
  co_return base::Status{};
}

}  // namespace cardea::store
