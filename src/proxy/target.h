// Where the requests of a host go, in the form that the request path uses: everything that can be computed
// once is.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "net/endpoint.h"
#include "store/target_record.h"

namespace cardea::proxy {

enum class HostHeader : std::uint8_t {
  preserve,  // the client's Host goes to the upstream
  upstream,  // the upstream sees its own name
};

// Immutable; any thread.
struct Target {
  net::Endpoint upstream;
  std::string upstream_key;   // names the pool of idle connections
  std::string upstream_host;  // Host for HostHeader::upstream
  std::string path_prefix;    // of target_url, without a trailing slash
  HostHeader host_header = HostHeader::preserve;
  bool enabled = true;
  bool enable_http = true;
  bool enable_https = true;
  std::vector<std::pair<std::string, std::string>> custom_headers;

  // Error (invalid): what parse_target_url() refuses, a header that must not be set.
  static base::Result<Target> from_record(const store::TargetRecord& record);
};

// The check of custom headers, for the API to apply before anything is stored; that of a target_url is
// parse_target_url().
base::Status check_custom_header(std::string_view name, std::string_view value);

}  // namespace cardea::proxy
