// Where the requests of a host go, in the form that the request path uses: everything that can be computed
// once is.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "net/endpoint.h"
#include "proxy/target_url.h"
#include "proxy/upstream_trust.h"
#include "store/target_record.h"
#include "tls/client.h"

namespace cardea::proxy {

enum class HostHeader : std::uint8_t {
  preserve,  // the client's Host goes to the upstream
  upstream,  // the upstream sees its own name
};

// Names and values.
using Headers = std::vector<std::pair<std::string, std::string>>;

// Immutable; any thread.
struct Target {
  net::Endpoint upstream;
  // Names the pool of idle connections, and the upstream in the log: where it is and what it speaks, and over
  // TLS also who it must be and who says so.
  std::string upstream_key;
  Protocol protocol = Protocol::http1;
  std::shared_ptr<const tls::ClientContext> upstream_tls;  // null: plain
  std::string upstream_name;                               // whom a certificate must name, over TLS
  std::string upstream_host;                               // Host for HostHeader::upstream
  std::string path_prefix;                                 // of target_url, without a trailing slash
  HostHeader host_header = HostHeader::preserve;
  bool enabled = true;
  bool enable_http = true;
  bool enable_https = true;
  Headers custom_headers;
  bool forwarded_header = false;
  std::vector<std::string> underscore_headers;  // names that pass although they are not plain

  // Error (invalid): a hostname that is not canonical, as no request could be for it; what parse_target_url()
  // or upstream_tls_faults() refuse; a header that must not be set, or more of them than there may be.
  // A name that must not pass is left out of underscore_headers, and the log says so: rules may be stricter
  // than those by which the record was stored. Control thread only, as `trust`.
  static base::Result<Target> from_record(const store::TargetRecord& record, UpstreamTrust& trust);
};

// What is wrong with all the custom headers of a target, in sentences without a full stop; for the API to
// apply before anything is stored. That of a target_url is parse_target_url().
[[nodiscard]] std::vector<std::string> custom_header_faults(const Headers& headers);
// The same for names that are to pass although they are not plain (http::is_plain_name). Not those that an
// upstream may take for a field of ours or for a custom header, and kUnderscoreHeadersMax at most.
base::Status check_underscore_headers(const std::vector<std::string>& names, const Headers& custom_headers);

}  // namespace cardea::proxy
