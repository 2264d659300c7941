// Orders under way, one for each certificate at most.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "net/task.h"
#include "store/lease_repository.h"
#include "store/order_record.h"
#include "store/redis_client.h"
#include "store/script_runner.h"

namespace cardea::store {

// Loop thread only; what it is made from outlives it, and it outlives its tasks. The certificate's commit
// takes the order away in the same step (CertificateRepository::save). Errors: those of
// RedisClient::command(); invalid when what is stored is malformed; conflict when `lease` is not held any
// more: a node that was paused must not write over what its successor does.
class OrderRepository {
 public:
  OrderRepository(RedisClient& client, ScriptRunner& scripts) : client_(client), scripts_(scripts) {}

  net::Task<base::Result<std::optional<OrderRecord>>> load(std::string cert_name);
  // Kept for kOrderLifetime: longer than an order lives at a CA.
  net::Task<base::Status> save(std::string cert_name, OrderRecord record, Lease lease);
  // No error if there is none.
  net::Task<base::Status> erase(std::string cert_name, Lease lease);

 private:
  RedisClient& client_;
  ScriptRunner& scripts_;
};

}  // namespace cardea::store
