#include "acme/ledger.h"

#include <set>
#include <utility>

#include <fmt/core.h>

#include "acme/registered_domain.h"
#include "base/encoding.h"
#include "base/url.h"
#include "crypto/digest.h"

namespace cardea::acme {
namespace {

// The windows of one call, with what a sentence needs of each.
class Windows {
 public:
  Windows(const RateLimits& limits, std::string authority)
      : limits_(limits), authority_(std::move(authority)) {}

  // `key` tells subjects apart, `name` is what a person calls it. Nothing happens if there is no such limit.
  void add(LimitKind kind, std::string key, std::string name) {
    const Limit* limit = find_limit(limits_, authority_, kind);
    if (limit == nullptr) return;
    windows_.push_back(
        {authority_, std::string(to_string(kind)), std::move(key), limit->count, limit->window});
    about_.push_back({kind, *limit, std::move(name)});
  }
  void add_account(const LedgerOrder& order) { add(LimitKind::orders, order.email, order.email); }
  void add_registered_domains(const LedgerOrder& order) {
    std::set<std::string> domains;
    for (const std::string& domain : order.domains) domains.insert(registered_domain(domain));
    for (const std::string& domain : domains) add(LimitKind::domain, domain, domain);
  }
  void add_set_of_names(const LedgerOrder& order) {
    std::string text;
    for (const std::string& domain : std::set(order.domains.begin(), order.domains.end()))
      text += domain + ",";
    add(LimitKind::duplicate, base::to_hex(crypto::sha256(text)), "");
  }
  void add_validation(const LedgerOrder& order, const std::string& domain) {
    add(LimitKind::failures, domain + ":" + order.email, domain);
  }

  // Those that were added since the last call.
  [[nodiscard]] std::vector<store::LedgerWindow> take() { return std::exchange(windows_, {}); }
  // `full` counts all of them.
  [[nodiscard]] Refusal refusal(const store::FullWindow& full) const {
    const About& about = about_.at(full.index);
    return {full.free_at, about.kind,
            fmt::format(
                "Cardea itself holds this order back: by ACME_RATE_LIMITS, {} allows {}; next possible at {}",
                authority_, describe(about.kind, about.limit, about.name), base::to_rfc3339(full.free_at))};
  }

 private:
  struct About {
    LimitKind kind;
    Limit limit;
    std::string name;
  };
  const RateLimits& limits_;
  std::string authority_;
  std::vector<store::LedgerWindow> windows_;
  std::vector<About> about_;
};

base::Result<std::string> authority_of(const LedgerOrder& order) {
  const auto url = base::parse_url(order.directory_url);
  if (!url) return base::wrap(url.error(), "acme_directory_url");
  return url->authority();
}

}  // namespace

net::Task<base::Result<std::optional<Refusal>>> Ledger::reserve(LedgerOrder order, std::string event,
                                                                base::Time now) {
  auto authority = authority_of(order);
  if (!authority) co_return std::unexpected(authority.error());
  Windows windows(limits_, std::move(*authority));
  if (order.kind != OrderKind::replacement) windows.add_set_of_names(order);
  if (order.kind == OrderKind::first) {
    windows.add_account(order);
    windows.add_registered_domains(order);
  }
  std::vector<store::LedgerWindow> counted = windows.take();
  for (const std::string& domain : std::set(order.domains.begin(), order.domains.end())) {
    windows.add_validation(order, domain);
  }
  auto full = co_await repository_.reserve(std::move(counted), windows.take(), std::move(event), now);
  if (!full) co_return std::unexpected(full.error());
  if (!*full) co_return std::nullopt;
  co_return windows.refusal(**full);
}

net::Task<base::Status> Ledger::give_back(LedgerOrder order, std::string event, bool made) {
  auto authority = authority_of(order);
  if (!authority) co_return std::unexpected(authority.error());
  Windows windows(limits_, std::move(*authority));
  windows.add_set_of_names(order);
  windows.add_registered_domains(order);
  if (!made) windows.add_account(order);
  co_return co_await repository_.remove(windows.take(), std::move(event));
}

net::Task<base::Status> Ledger::record_issued(LedgerOrder order, std::string event, base::Time now) {
  auto authority = authority_of(order);
  if (!authority) co_return std::unexpected(authority.error());
  Windows windows(limits_, std::move(*authority));
  // Let's Encrypt counts a replacement here too, although it is never refused for it.
  windows.add_set_of_names(order);
  if (order.kind == OrderKind::first) windows.add_registered_domains(order);
  co_return co_await repository_.add(windows.take(), std::move(event), now);
}

net::Task<base::Status> Ledger::record_failure(LedgerOrder order, std::string domain, std::string event,
                                               base::Time now) {
  auto authority = authority_of(order);
  if (!authority) co_return std::unexpected(authority.error());
  Windows windows(limits_, std::move(*authority));
  windows.add_validation(order, domain);
  co_return co_await repository_.add(windows.take(), std::move(event), now);
}

}  // namespace cardea::acme
