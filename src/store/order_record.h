// An order that runs at a CA, as it survives a crash: what another node needs to go on where this one stood.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "store/history.h"

namespace cardea::store {

// A value. Stored before the CA is asked for the order, so that there is never an order whose key is lost.
struct OrderRecord {
  std::vector<std::string> domains;
  std::string directory_url;
  std::string email;            // of the account that ordered it
  std::string account_url;      // at that CA; "" until the account was used
  std::string private_key_pem;  // a secret: the key that the certificate will be for
  std::string key_type;
  std::string challenge_type;
  std::string profile;       // as it is asked for; "": none
  std::string replaces;      // RFC 9773 §5; "": none
  std::string order_url;     // "" until the CA has made the order
  std::string ledger_event;  // its id in the ledger of limits
  bool finalize_sent = false;
  std::optional<base::Time> created_at;
  std::vector<HistoryEntry> history;  // of this order so far

  bool operator==(const OrderRecord&) const = default;
};

// Error (invalid, naming the member): not JSON, a member of the wrong type, no domains, no key.
[[nodiscard]] base::Result<OrderRecord> parse_order_record(std::string_view cert_name, std::string_view json);
[[nodiscard]] std::string to_json(const OrderRecord& record);

}  // namespace cardea::store
