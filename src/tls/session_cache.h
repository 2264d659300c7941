// Sessions of TLS servers for the next connection to the same one, which then costs neither side a signature
// or the look at a certificate (RFC 8446 §2.2, RFC 5077).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/strings.h"
#include "net/timer_wheel.h"
#include "tls/ssl_ptr.h"

namespace cardea::tls {

class ClientContext;

// One thread. A session stands for a verification that was made: nobody looks at the server's certificate
// again when it is resumed. That is as good, as only who was verified then can resume it, and only under the
// same context, which holds whom we trust. But no certificate that has expired, and no CA that is trusted no
// longer, must live on in it, so it is good for kTlsSessionLifetime after the certificate was looked at,
// however often it was renewed since.
class SessionCache {
 public:
  using Time = net::Clock::time_point;
  struct Entry {
    SslSessionPtr session;  // null: there is none
    Time verified;          // when the server's certificate was
  };

  // The newest session of `server`, made under that very context. It is taken out, as two connections with
  // the same ticket could be told to be one client's (RFC 8446 App. C.4).
  Entry take(std::string_view server, const std::shared_ptr<const ClientContext>& context, Time now);
  // `server` names everything that decides who it is: where it is, and who its certificate must name. The
  // oldest session goes if it has kTlsSessionsPerServerMax, and the server that was used least lately if
  // there are kTlsSessionServersMax.
  void keep(std::string_view server, const std::shared_ptr<const ClientContext>& context, Entry entry,
            Time now);

 private:
  struct Server {
    std::weak_ptr<const ClientContext> context;
    std::vector<Entry> sessions;  // the newest is the last
    Time used;
  };
  Server& server_of(std::string_view name);

  std::unordered_map<std::string, Server, base::StringHash, std::equal_to<>> servers_;
};

}  // namespace cardea::tls
