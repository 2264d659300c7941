#include "store/token_record.h"

#include "base/encoding.h"
#include "crypto/digest.h"
#include "store/json_object.h"

namespace cardea::store {

std::string hash_token(std::string_view token) {
  return "sha256:" + base::to_hex(crypto::sha256(token));
}

base::Result<TokenRecord> parse_token_record(std::string_view json) {
  auto reader = JsonObjectReader::parse(json, "token");
  if (!reader) return std::unexpected(reader.error());
  TokenRecord record;
  reader->take_required("name", record.name);
  reader->take("token", record.token);
  reader->take_required("hash", record.hash);
  reader->take("cert_email", record.cert_email);
  reader->take("created_at", record.created_at);
  auto other = reader->finish();
  if (!other) return std::unexpected(other.error());
  record.other_members = std::move(*other);
  return record;
}

std::string to_json(const TokenRecord& record) {
  boost::json::object object;
  object.emplace("name", record.name);
  object.emplace("token", record.token);
  object.emplace("hash", record.hash);
  object.emplace("cert_email", record.cert_email);
  put_time(object, "created_at", record.created_at);
  return finish_object(std::move(object), record.other_members);
}

}  // namespace cardea::store
