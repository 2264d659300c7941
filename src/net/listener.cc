#include "net/listener.h"

#include <chrono>

#include <boost/asio/detail/socket_option.hpp>
#include <fmt/core.h>

#include "base/log.h"
#include "net/callback.h"

namespace cardea::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using V6Only = asio::detail::socket_option::boolean<IPPROTO_IPV6, IPV6_V6ONLY>;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr int kBacklog = 4096;  // the kernel caps it at net.core.somaxconn
constexpr auto kAcceptErrorPause = std::chrono::milliseconds(100);

std::unexpected<base::Error> listen_error(const std::string& address, std::uint16_t port, error_code error) {
  const std::string where = fmt::format("{} port {}", address, port);
  if (error == asio::error::address_in_use) {
    return base::fail(
        base::ErrorCode::conflict,
        fmt::format("cannot listen on {}: another program has this port; stop it or choose another "
                    "port in .env",
                    where));
  }
  if (error == asio::error::access_denied) {
    return base::fail(base::ErrorCode::forbidden,
                      fmt::format("cannot listen on {}: no right to ports below 1024; give the program "
                                  "cap_net_bind_service or choose other ports in .env",
                                  where));
  }
  return base::fail(base::ErrorCode::invalid, fmt::format("cannot listen on {}: {}", where, error.message()));
}

}  // namespace

base::Status Listener::check_free(const std::string& address, std::uint16_t port) {
  asio::io_context context;
  error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error)
    return base::fail(base::ErrorCode::invalid, "\"" + address + "\" is not an IP address to listen on");
  const tcp::endpoint endpoint(ip, port);
  tcp::acceptor probe(context);
  probe.open(endpoint.protocol(), error);
  if (!error) probe.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && ip.is_v6()) probe.set_option(V6Only(true), error);
  if (!error) probe.bind(endpoint, error);
  if (!error) probe.listen(1, error);
  if (error) return listen_error(address, port, error);
  return {};
}

base::Result<Listener> Listener::open(EventLoop& loop, const std::string& address, std::uint16_t port) {
  error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error)
    return base::fail(base::ErrorCode::invalid, "\"" + address + "\" is not an IP address to listen on");
  const tcp::endpoint endpoint(ip, port);
  tcp::acceptor acceptor(loop.context());
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.set_option(ReusePort(true), error);
  // 0.0.0.0 and :: are two listeners; without this the second would not bind.
  if (!error && ip.is_v6()) acceptor.set_option(V6Only(true), error);
  if (!error) acceptor.set_option(tcp::no_delay(true), error);  // inherited by what is accepted
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) return listen_error(address, port, error);
  return Listener(loop, std::move(acceptor));
}

Task<void> Listener::run(std::function<void(AcceptedStream)> on_accepted) {
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await Callback<error_code, tcp::socket>([&](auto done) {
      acceptor_.async_accept(
          *peer_, [done](error_code failed, tcp::socket accepted) { done(failed, std::move(accepted)); });
    });
    if (!acceptor_.is_open()) break;
    if (error) {
      if (error == asio::error::connection_aborted) continue;
      base::log_warn("accepting a connection failed: {}", error.message());
      co_await loop_->sleep(kAcceptErrorPause);  // out of descriptors: a tight loop would make it worse
      continue;
    }
    asio::ip::address address = peer_->address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
      address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    on_accepted({Stream(*loop_, std::move(socket), base::ErrorSource::client), address});
  }
}

void Listener::close() {
  error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace cardea::net
