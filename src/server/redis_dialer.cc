#include "server/redis_dialer.h"

#include "base/limits.h"
#include "net/dial.h"

namespace cardea::server {
namespace {

net::Task<base::Result<net::Stream>> dial_redis(net::EventLoop& loop, net::Endpoint endpoint,
                                                std::shared_ptr<const tls::ClientContext> tls) {
  const std::string host = endpoint.host;
  auto stream = co_await net::dial(loop, std::move(endpoint), base::kDialTimeout, base::ErrorSource::store);
  if (!stream || !tls) co_return stream;
  auto secured = co_await tls::connect(*stream, std::move(tls), host);
  if (!secured) {
    base::Error error = secured.error();
    error.source = base::ErrorSource::store;
    co_return std::unexpected(std::move(error));
  }
  co_return stream;
}

}  // namespace

store::Dialer make_redis_dialer(net::EventLoop& loop, store::RedisOptions options,
                                std::shared_ptr<const tls::ClientContext> tls) {
  return [&loop, endpoint = std::move(options.endpoint), tls = std::move(tls)] {
    return dial_redis(loop, endpoint, tls);
  };
}

base::Result<std::shared_ptr<const tls::ClientContext>> make_redis_tls(const store::RedisOptions& options,
                                                                       const std::string& ca_bundle) {
  if (options.transport == store::RedisTransport::plain) return nullptr;
  return tls::ClientContext::make({.ca_file = ca_bundle,
                                   .issuer_advice = "give the CA's certificate as REDIS_CA_BUNDLE in .env",
                                   .name_advice = "use a name in REDIS_URL that it has"});
}

}  // namespace cardea::server
