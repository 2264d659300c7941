// The proxy target object as it is stored: the specification's members and ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace cardea::store {

// A value.
struct TargetRecord {
  std::string hostname;  // canonical
  std::string target_url;
  std::string cert_name;
  std::string acme_directory_url;
  std::string owner_token_hash;
  std::string created_by;  // the owner token's name
  std::optional<base::Time> created_at;
  bool enabled = true;
  bool enable_http = true;
  bool enable_https = true;
  bool preserve_host_header = true;
  bool forwarded_header = false;                // Forwarded (RFC 7239) besides X-Forwarded-*
  std::vector<std::string> underscore_headers;  // names with '_' and such that pass
  // For https:// upstreams. Empty: the system's roots; the host of target_url.
  std::string upstream_ca_pem;
  std::string upstream_server_name;
  bool insecure_skip_verify = false;
  std::vector<std::pair<std::string, std::string>> custom_headers;  // values may be secrets
  std::uint64_t generation = 0;  // 0: not stored yet, or stored by someone who knows no generations
  std::string other_members;     // JSON object of members unknown to us; "" if none

  bool operator==(const TargetRecord&) const = default;
};

// Error (invalid, naming the member): not JSON, a member of the wrong type, no target_url. The hostname is
// that of the key.
[[nodiscard]] base::Result<TargetRecord> parse_target_record(std::string_view hostname,
                                                             std::string_view json);
[[nodiscard]] std::string to_json(const TargetRecord& record);

}  // namespace cardea::store
