#include "api/target_update.h"

#include <algorithm>
#include <array>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>

#include "api/targets.h"
#include "base/strings.h"

namespace cardea::api {
namespace {

namespace json = boost::json;

// Shown, but set by Cardea alone.
constexpr std::array<std::string_view, 4> kReadOnly = {"cert_name", "created_by", "created_at", "generation"};

std::unexpected<base::Error> refuse(std::string sentence) {
  return base::fail(base::ErrorCode::invalid, std::move(sentence), base::ErrorSource::client);
}

void merge(json::object& target, const json::object& patch) {
  for (const auto& [name, value] : patch) {
    if (value.is_null()) {
      target.erase(name);
    } else if (value.is_object() && target.contains(name) && target.at(name).is_object()) {
      merge(target.at(name).as_object(), value.as_object());
    } else {
      target[name] = value;
    }
  }
}

json::object::iterator find_header(json::object& headers, std::string_view name) {
  return std::ranges::find_if(headers, [&](const json::key_value_pair& header) {
    return base::equals_ignoring_case(header.key(), name);
  });
}

// As merge(), but names of headers are the same in any case. Two spellings in the patch stay two: that is for
// the check of the whole to refuse.
void merge_headers(json::object& stored, const json::object& patch) {
  for (const auto& [name, value] : patch) {
    for (auto same = find_header(stored, name); same != stored.end(); same = find_header(stored, name)) {
      stored.stable_erase(same);
    }
  }
  for (const auto& [name, value] : patch) {
    if (!value.is_null()) stored[name] = value;
  }
}

// Takes the read-only members out of a patch that holds them as they are.
base::Status drop_read_only(json::object& patch, const store::TargetRecord& record) {
  const json::object shown = public_view(record);
  // First: what is older than the last change may differ in more.
  const json::value* generation = patch.if_contains("generation");
  if (generation != nullptr && generation->is_number() && *generation != shown.at("generation")) {
    return base::fail(
        base::ErrorCode::conflict,
        fmt::format("The proxy target for \"{}\" was changed since it was read (\"generation\" is "
                    "{} now); read it and try again.",
                    record.hostname, record.generation),
        base::ErrorSource::client);
  }
  for (const std::string_view name : kReadOnly) {
    const json::value* given = patch.if_contains(name);
    if (given == nullptr) continue;
    if (*given != shown.at(name)) return refuse(fmt::format("\"{}\" cannot be changed.", name));
    patch.erase(name);
  }
  const json::value* hostname = patch.if_contains("hostname");
  if (hostname != nullptr && *hostname != shown.at("hostname")) {
    return refuse("\"hostname\" cannot be changed: delete this target and create another one.");
  }
  return {};
}

base::Status reveal_hidden(json::object& patch, json::object& stored) {
  json::value* headers = patch.if_contains("custom_headers");
  if (headers == nullptr || !headers->is_object()) return {};
  for (auto& [name, value] : headers->as_object()) {
    if (!value.is_string() || value.as_string() != kHiddenValue) continue;
    const auto known = find_header(stored, name);
    if (known == stored.end()) {
      return refuse(
          fmt::format("custom_headers: \"{}\" is \"{}\", but no value of it is stored; send the value.",
                      base::printable(name, 60), kHiddenValue));
    }
    value = known->value();
  }
  return {};
}

}  // namespace

base::Result<std::string> apply_patch(const store::TargetRecord& record, std::string_view text) {
  boost::system::error_code error;
  json::value parsed = json::parse(text, error);
  if (error) return refuse("The request body is not JSON: " + error.message() + ".");
  if (!parsed.is_object()) return refuse("The request body must be a JSON object of the members to change.");
  json::object& patch = parsed.as_object();
  if (auto dropped = drop_read_only(patch, record); !dropped) return std::unexpected(dropped.error());
  // What is stored besides what a client may set.
  store::TargetRecord bare = record;
  bare.other_members.clear();
  json::object target = json::parse(store::to_json(bare)).as_object();
  for (const std::string_view name : kReadOnly) target.erase(name);
  target.erase("owner_token_hash");
  if (auto revealed = reveal_hidden(patch, target.at("custom_headers").as_object()); !revealed) {
    return std::unexpected(revealed.error());
  }
  json::value* headers = patch.if_contains("custom_headers");
  if (headers != nullptr && headers->is_object()) {
    merge_headers(target.at("custom_headers").as_object(), headers->as_object());
    patch.erase("custom_headers");
  }
  merge(target, patch);
  return json::serialize(target);
}

}  // namespace cardea::api
