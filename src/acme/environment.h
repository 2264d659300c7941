// What the work on a certificate needs: made once, shared by all attempts of a node.
#pragma once

#include "acme/accounts.h"
#include "acme/clients.h"
#include "acme/keys.h"
#include "acme/ledger.h"
#include "acme/options.h"
#include "net/event_loop.h"
#include "store/repositories.h"

namespace cardea::acme {

// Loop thread only; all of it outlives whoever holds this.
struct Environment {
  net::EventLoop& loop;
  store::Repositories& store;
  Clients& clients;
  Keys& keys;
  Accounts& accounts;
  Ledger& ledger;
  Options options;
};

}  // namespace cardea::acme
