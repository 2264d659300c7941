// The CA's limits, counted by all nodes together: Cardea holds an order back before the CA refuses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "acme/rate_limits.h"
#include "base/clock.h"
#include "base/error.h"
#include "net/task.h"
#include "store/ledger_repository.h"

namespace cardea::acme {

enum class OrderKind : std::uint8_t {
  first,        // a certificate for names that this CA has not certified together before
  renewal,      // the same names again
  replacement,  // the same, and the order says so to the CA ("replaces", RFC 9773 §5)
};

// What an order is, as far as it counts.
struct LedgerOrder {
  std::string directory_url;
  std::string email;                 // with the CA, this is the account
  std::vector<std::string> domains;  // canonical
  OrderKind kind = OrderKind::first;
};

struct Refusal {
  base::Time until;  // no attempt before it
  LimitKind limit{};
  std::string sentence;  // for a person: which limit it is, and until when it holds
};

// Loop thread only; `repository` outlives it, and it outlives its tasks. Without limits for a CA, Redis is
// not asked. `event` is an id of what happened: told twice, it counts once. Errors:
// those of RedisClient::command(); invalid when the directory's URL is none.
class Ledger {
 public:
  Ledger(store::LedgerRepository& repository, RateLimits limits)
      : repository_(repository), limits_(std::move(limits)) {}

  // Before an order: counts it if no limit speaks against it (nullopt), in one step, so that of orders that
  // begin together no more go on than fit. A renewal is not held back by the limits for orders and domains, a
  // replacement by that for failures only.
  net::Task<base::Result<std::optional<Refusal>>> reserve(LedgerOrder order, std::string event,
                                                          base::Time now);
  // Nothing came, or comes, of the order; `made`: but the CA has made it.
  net::Task<base::Status> give_back(LedgerOrder order, std::string event, bool made);
  // The CA has issued the certificate: its time counts from now.
  net::Task<base::Status> record_issued(LedgerOrder order, std::string event, base::Time now);
  // The CA could not validate `domain`, one of the order's.
  net::Task<base::Status> record_failure(LedgerOrder order, std::string domain, std::string event,
                                         base::Time now);

 private:
  store::LedgerRepository& repository_;
  RateLimits limits_;
};

}  // namespace cardea::acme
