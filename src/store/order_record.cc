#include "store/order_record.h"

#include <boost/json/array.hpp>

#include "base/strings.h"
#include "store/json_object.h"

namespace cardea::store {

base::Result<OrderRecord> parse_order_record(std::string_view cert_name, std::string_view json) {
  auto reader = JsonObjectReader::parse(json, "order of \"" + base::printable(cert_name) + "\"");
  if (!reader) return std::unexpected(reader.error());
  OrderRecord record;
  reader->take_required("domains", record.domains);
  reader->take_required("acme_directory_url", record.directory_url);
  reader->take("email", record.email);
  reader->take("account_url", record.account_url);
  reader->take_required("private_key_pem", record.private_key_pem);
  reader->take("key_type", record.key_type);
  reader->take("challenge_type", record.challenge_type);
  reader->take("profile", record.profile);
  reader->take("replaces", record.replaces);
  reader->take("order_url", record.order_url);
  reader->take("ledger_event", record.ledger_event);
  reader->take("finalize_sent", record.finalize_sent);
  reader->take("created_at", record.created_at);
  take_history(*reader, record.history);
  if (record.domains.empty()) reader->complain("domains", "is empty");
  auto other = reader->finish();
  if (!other) return std::unexpected(other.error());
  return record;
}

std::string to_json(const OrderRecord& record) {
  boost::json::object object;
  object.emplace("domains", boost::json::array(record.domains.begin(), record.domains.end()));
  object.emplace("acme_directory_url", record.directory_url);
  object.emplace("email", record.email);
  object.emplace("account_url", record.account_url);
  object.emplace("private_key_pem", record.private_key_pem);
  object.emplace("key_type", record.key_type);
  object.emplace("challenge_type", record.challenge_type);
  object.emplace("profile", record.profile);
  object.emplace("replaces", record.replaces);
  object.emplace("order_url", record.order_url);
  object.emplace("ledger_event", record.ledger_event);
  object.emplace("finalize_sent", record.finalize_sent);
  put_time(object, "created_at", record.created_at);
  object.emplace("history", history_array(record.history));
  return finish_object(std::move(object), {});
}

}  // namespace cardea::store
