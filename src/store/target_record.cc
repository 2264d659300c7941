#include "store/target_record.h"

#include "base/strings.h"
#include "store/json_object.h"

namespace cardea::store {

base::Result<TargetRecord> parse_target_record(std::string_view hostname, std::string_view json) {
  auto reader = JsonObjectReader::parse(json, "proxy target \"" + base::printable(hostname) + "\"");
  if (!reader) return std::unexpected(reader.error());
  TargetRecord record;
  reader->take("hostname", record.hostname);
  record.hostname = hostname;
  reader->take_required("target_url", record.target_url);
  reader->take("cert_name", record.cert_name);
  reader->take("acme_directory_url", record.acme_directory_url);
  reader->take("owner_token_hash", record.owner_token_hash);
  reader->take("created_by", record.created_by);
  reader->take("created_at", record.created_at);
  reader->take("enabled", record.enabled);
  reader->take("enable_http", record.enable_http);
  reader->take("enable_https", record.enable_https);
  reader->take("preserve_host_header", record.preserve_host_header);
  reader->take("forwarded_header", record.forwarded_header);
  reader->take("underscore_headers", record.underscore_headers);
  reader->take("upstream_ca_pem", record.upstream_ca_pem);
  reader->take("upstream_server_name", record.upstream_server_name);
  reader->take("insecure_skip_verify", record.insecure_skip_verify);
  reader->take("custom_headers", record.custom_headers);
  reader->take("generation", record.generation);
  auto other = reader->finish();
  if (!other) return std::unexpected(other.error());
  record.other_members = std::move(*other);
  return record;
}

std::string to_json(const TargetRecord& record) {
  boost::json::object object = begin_object(record.generation);
  object.emplace("hostname", record.hostname);
  object.emplace("target_url", record.target_url);
  object.emplace("cert_name", record.cert_name);
  object.emplace("acme_directory_url", record.acme_directory_url);
  object.emplace("owner_token_hash", record.owner_token_hash);
  object.emplace("created_by", record.created_by);
  put_time(object, "created_at", record.created_at);
  object.emplace("enabled", record.enabled);
  object.emplace("enable_http", record.enable_http);
  object.emplace("enable_https", record.enable_https);
  object.emplace("preserve_host_header", record.preserve_host_header);
  object.emplace("forwarded_header", record.forwarded_header);
  object.emplace("underscore_headers",
                 boost::json::array(record.underscore_headers.begin(), record.underscore_headers.end()));
  object.emplace("upstream_ca_pem", record.upstream_ca_pem);
  object.emplace("upstream_server_name", record.upstream_server_name);
  object.emplace("insecure_skip_verify", record.insecure_skip_verify);
  boost::json::object headers;
  for (const auto& [name, value] : record.custom_headers) headers.emplace(name, value);
  object.emplace("custom_headers", std::move(headers));
  return finish_object(std::move(object), record.other_members);
}

}  // namespace cardea::store
