// All repositories over one Redis client: what the rest of the program is given.
#pragma once

#include "store/account_repository.h"
#include "store/certificate_repository.h"
#include "store/challenge_repository.h"
#include "store/due_queue.h"
#include "store/lease_repository.h"
#include "store/ledger_repository.h"
#include "store/order_repository.h"
#include "store/progress_repository.h"
#include "store/redis_client.h"
#include "store/script_runner.h"
#include "store/target_repository.h"
#include "store/token_repository.h"

namespace cardea::store {

// Loop thread only; `client` outlives it.
struct Repositories {
  explicit Repositories(RedisClient& client)
      : scripts(client),
        certificates(client, scripts),
        targets(client, scripts),
        tokens(client, scripts),
        challenges(client, scripts),
        accounts(client, scripts),
        orders(client, scripts),
        due(client, scripts),
        progress(client),
        leases(scripts),
        ledger(scripts) {}
  Repositories(const Repositories&) = delete;
  Repositories& operator=(const Repositories&) = delete;

  ScriptRunner scripts;
  CertificateRepository certificates;
  TargetRepository targets;
  TokenRepository tokens;
  ChallengeRepository challenges;
  AccountRepository accounts;
  OrderRepository orders;
  DueQueue due;
  ProgressRepository progress;
  LeaseRepository leases;
  LedgerRepository ledger;
};

}  // namespace cardea::store
