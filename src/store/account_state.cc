#include "store/account_state.h"

#include "store/json_object.h"

namespace cardea::store {

base::Result<AccountState> parse_account_state(std::string_view json) {
  auto reader = JsonObjectReader::parse(json, "the state of an account");
  if (!reader) return std::unexpected(reader.error());
  AccountState state;
  reader->take("url", state.url);
  reader->take("key_thumbprint", state.key_thumbprint);
  reader->take("contact", state.contact);
  reader->take("terms_of_service", state.terms_of_service);
  reader->take("owner_token_hash", state.owner_token_hash);
  reader->take("external_account", state.external_account);
  reader->take("deactivated", state.deactivated);
  reader->take("registered_at", state.registered_at);
  if (auto other = reader->finish(); !other) return std::unexpected(other.error());
  return state;
}

base::Result<AccountHold> parse_account_hold(std::string_view json) {
  auto reader = JsonObjectReader::parse(json, "the hold of an account");
  if (!reader) return std::unexpected(reader.error());
  std::optional<base::Time> until;
  AccountHold hold{};
  reader->take_required("until", until);
  reader->take("reason", hold.reason);
  if (auto other = reader->finish(); !other) return std::unexpected(other.error());
  hold.until = until.value_or(base::Time{});
  return hold;
}

std::string to_json(const AccountState& state) {
  boost::json::object object;
  object.emplace("url", state.url);
  object.emplace("key_thumbprint", state.key_thumbprint);
  object.emplace("contact", state.contact);
  object.emplace("terms_of_service", state.terms_of_service);
  object.emplace("owner_token_hash", state.owner_token_hash);
  object.emplace("external_account", state.external_account);
  object.emplace("deactivated", state.deactivated);
  put_time(object, "registered_at", state.registered_at);
  return finish_object(std::move(object), {});
}

std::string to_json(const AccountHold& hold) {
  boost::json::object object;
  put_time(object, "until", hold.until);
  object.emplace("reason", hold.reason);
  return finish_object(std::move(object), {});
}

}  // namespace cardea::store
