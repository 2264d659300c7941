// Whom we trust to be an upstream: what a target may say about TLS, and the contexts that follow from it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "proxy/target_url.h"
#include "store/target_record.h"
#include "tls/client.h"

namespace cardea::proxy {

// What is wrong with upstream_ca_pem, upstream_server_name and insecure_skip_verify of a target whose URL has
// that transport; sentences that begin with the member's name. Empty: nothing. Pure.
[[nodiscard]] std::vector<std::string> upstream_tls_faults(const store::TargetRecord& record,
                                                           Transport transport);

// One context for all targets that trust the same. Control thread only; the contexts are any thread's.
class UpstreamTrust {
 public:
  struct Trusted {
    std::shared_ptr<const tls::ClientContext> context;
    std::string id;  // "" for the system's roots; otherwise what tells this trust from others, for people too
  };
  // For a target over TLS. Error (invalid): upstream_ca_pem cannot be used.
  base::Result<Trusted> find(const store::TargetRecord& record);

 private:
  std::map<std::string, std::weak_ptr<const tls::ClientContext>> contexts_;  // by id
  // The system's roots are kept: reading them takes long.
  std::shared_ptr<const tls::ClientContext> system_;
};

}  // namespace cardea::proxy
