// How the store reaches Redis: its transport is our loop's, with TLS where REDIS_URL says rediss://.
#pragma once

#include <memory>

#include "net/event_loop.h"
#include "store/redis_connection.h"
#include "tls/client.h"

namespace cardea::server {

// `tls` is null for a plain connection.
[[nodiscard]] store::Dialer make_redis_dialer(net::EventLoop& loop, store::RedisOptions options,
                                              std::shared_ptr<const tls::ClientContext> tls);
// Null for redis:// and unix://. Error (invalid): REDIS_CA_BUNDLE cannot be read.
[[nodiscard]] base::Result<std::shared_ptr<const tls::ClientContext>> make_redis_tls(
    const store::RedisOptions& options, const std::string& ca_bundle);

}  // namespace cardea::server
