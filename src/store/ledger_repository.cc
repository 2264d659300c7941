#include "store/ledger_repository.h"

#include <utility>

#include "store/key_names.h"
#include "store/ledger_scripts.h"

namespace cardea::store {
namespace {

std::string seconds_text(base::Time time) {
  return std::to_string(time.time_since_epoch().count());
}

std::vector<std::string> keys_of(const std::vector<LedgerWindow>& windows) {
  std::vector<std::string> keys;
  keys.reserve(windows.size());
  for (const LedgerWindow& window : windows) {
    keys.push_back(key_names::ledger(window.provider, window.limit, window.subject));
  }
  return keys;
}

void append_limits(std::vector<std::string>& arguments, const std::vector<LedgerWindow>& windows) {
  for (const LedgerWindow& window : windows) {
    arguments.push_back(std::to_string(window.count));
    arguments.push_back(std::to_string(window.length.count()));
  }
}

base::Result<std::optional<FullWindow>> read_full(const RedisReply& reply, std::size_t windows) {
  const auto items = reply.array();
  if (!items) return std::unexpected(items.error());
  if (items->size() != 2) {
    return base::fail(base::ErrorCode::protocol, "a ledger script gave another answer",
                      base::ErrorSource::store);
  }
  const auto number = (*items)[0].integer();
  const auto free_at = (*items)[1].integer();
  if (!number) return std::unexpected(number.error());
  if (!free_at) return std::unexpected(free_at.error());
  if (*number <= 0 || static_cast<std::size_t>(*number) > windows) return std::nullopt;
  return FullWindow{static_cast<std::size_t>(*number) - 1, base::Time{std::chrono::seconds{*free_at}}};
}

}  // namespace

net::Task<base::Result<std::optional<FullWindow>>> LedgerRepository::reserve(
    std::vector<LedgerWindow> counted, std::vector<LedgerWindow> others, std::string event, base::Time now) {
  if (counted.empty() && others.empty()) co_return std::nullopt;
  std::vector<std::string> arguments{seconds_text(now), std::move(event), std::to_string(counted.size())};
  std::vector<LedgerWindow> windows = std::move(counted);
  windows.insert(windows.end(), others.begin(), others.end());
  append_limits(arguments, windows);
  std::vector<std::string> keys = keys_of(windows);
  auto reply = co_await scripts_.run(scripts::kReserveLedgerEvent, std::move(keys), std::move(arguments));
  if (!reply) co_return std::unexpected(reply.error());
  co_return read_full(*reply, windows.size());
}

net::Task<base::Status> LedgerRepository::add(std::vector<LedgerWindow> windows, std::string event,
                                              base::Time now) {
  if (windows.empty()) co_return base::Status{};
  std::vector<std::string> arguments{seconds_text(now), std::move(event)};
  append_limits(arguments, windows);
  std::vector<std::string> keys = keys_of(windows);
  auto reply = co_await scripts_.run(scripts::kAddLedgerEvent, std::move(keys), std::move(arguments));
  if (!reply) co_return std::unexpected(reply.error());
  co_return base::Status{};
}

net::Task<base::Status> LedgerRepository::remove(std::vector<LedgerWindow> windows, std::string event) {
  if (windows.empty()) co_return base::Status{};
  std::vector<std::string> arguments{std::move(event)};
  std::vector<std::string> keys = keys_of(windows);
  auto reply = co_await scripts_.run(scripts::kRemoveLedgerEvent, std::move(keys), std::move(arguments));
  if (!reply) co_return std::unexpected(reply.error());
  co_return base::Status{};
}

}  // namespace cardea::store
