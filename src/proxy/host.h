// Everything a worker knows about one hostname. Immutable: a change makes a new Host, and connections that
// run on the old one keep it until they end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/target.h"
#include "tls/host_context.h"

namespace cardea::proxy {

struct Host {
  std::string name;                               // canonical
  std::optional<Target> target;                   // none: a certificate without a proxy target
  std::shared_ptr<tls::HostContext> certificate;  // null: none yet, the fallback is served
  std::vector<std::string> certificate_names;     // what the certificate covers, canonical
};

// Does one of the names of a certificate cover `hostname` (RFC 6125 §6.4.3: a wildcard stands for exactly one
// label)?
[[nodiscard]] bool covers(const std::vector<std::string>& certificate_names, std::string_view hostname);

}  // namespace cardea::proxy
