#include "net/resolver.h"

#include <memory>

#include <boost/asio/thread_pool.hpp>
#include <netdb.h>

#include "net/remote_call.h"

namespace cardea::net {
namespace {

using Addresses = std::vector<SocketAddress>;

// A name server that does not answer holds a thread for seconds; others must still get through.
constexpr std::size_t kResolverThreads = 4;

// The one thing that lives as long as the process: threads stuck in the system's resolver cannot be
// interrupted, so they are never waited for.
boost::asio::thread_pool& resolver_threads() {
  static auto* const kPool = new boost::asio::thread_pool(kResolverThreads);
  return *kPool;
}

base::Result<Addresses> look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) {
    return base::fail_retryable(base::ErrorCode::unavailable,
                                "the name does not resolve: " + std::string(gai_strerror(failed)),
                                base::ErrorSource::self);
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    addresses.push_back(SocketAddress::from_raw(entry->ai_addr, entry->ai_addrlen));
  }
  return addresses;
}

}  // namespace

Task<base::Result<Addresses>> resolve(EventLoop& loop, std::string host, std::uint16_t port) {
  return offload<base::Result<Addresses>>(resolver_threads(), loop,
                                          [host = std::move(host), port] { return look_up(host, port); });
}

}  // namespace cardea::net
