#include "net/listener.h"

#include <cerrno>
#include <chrono>
#include <system_error>

#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "base/log.h"
#include "net/keep_alive.h"
#include "net/socket_address.h"

namespace cardea::net {
namespace {

namespace ip = boost::asio::ip;

constexpr int kBacklog = 4096;  // the kernel caps it at net.core.somaxconn
constexpr auto kAcceptErrorPause = std::chrono::milliseconds(200);

std::unexpected<base::Error> listen_error(const std::string& address, std::uint16_t port, int error) {
  const std::string where = fmt::format("{} port {}", address, port);
  if (error == EADDRINUSE) {
    return base::fail(
        base::ErrorCode::conflict,
        fmt::format("cannot listen on {}: another program has this port; stop it or choose another port "
                    "in .env",
                    where));
  }
  if (error == EACCES) {
    return base::fail(base::ErrorCode::forbidden,
                      fmt::format("cannot listen on {}: no right to ports below 1024; give the program "
                                  "cap_net_bind_service or choose other ports in .env",
                                  where));
  }
  if (error == EADDRNOTAVAIL) {
    return base::fail(base::ErrorCode::invalid,
                      fmt::format("cannot listen on {}: this machine does not have that address; correct "
                                  "LISTEN_ADDRESSES in .env",
                                  where));
  }
  return base::fail(base::ErrorCode::invalid,
                    fmt::format("cannot listen on {}: {}", where, std::generic_category().message(error)));
}

bool enable(const FileDescriptor& socket, int level, int option) {
  const int on = 1;
  return setsockopt(socket.get(), level, option, &on, sizeof on) == 0;
}

enum class PortSharing : std::uint8_t { exclusive, shared };

base::Result<FileDescriptor> listen_on(const std::string& address, std::uint16_t port, PortSharing sharing) {
  boost::system::error_code malformed;
  const ip::address parsed = ip::make_address(address, malformed);
  if (malformed)
    return base::fail(base::ErrorCode::invalid, "\"" + address + "\" is not an IP address to listen on");
  FileDescriptor socket(
      ::socket(parsed.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const SocketAddress endpoint = SocketAddress::from_ip(parsed, port);
  const bool listening =
      socket.is_open() && enable(socket, SOL_SOCKET, SO_REUSEADDR) &&
      (sharing == PortSharing::exclusive || enable(socket, SOL_SOCKET, SO_REUSEPORT)) &&
      // 0.0.0.0 and :: are two listeners; without this the second would not bind.
      (!parsed.is_v6() || enable(socket, IPPROTO_IPV6, IPV6_V6ONLY)) &&
      // Inherited by what is accepted. Answers are sent whole: waiting for more would only add delay.
      enable(socket, IPPROTO_TCP, TCP_NODELAY) && enable_keep_alive(socket.get()) &&
      ::bind(socket.get(), endpoint.data(), endpoint.size()) == 0 && ::listen(socket.get(), kBacklog) == 0;
  if (!listening) return listen_error(address, port, errno);
  return socket;
}

}  // namespace

base::Status Listener::check_free(const std::string& address, std::uint16_t port) {
  auto socket = listen_on(address, port, PortSharing::exclusive);
  if (!socket) return std::unexpected(socket.error());
  return {};
}

base::Result<std::unique_ptr<Listener>> Listener::open(EventLoop& loop, const std::string& address,
                                                       std::uint16_t port) {
  auto socket = listen_on(address, port, PortSharing::shared);
  if (!socket) return std::unexpected(socket.error());
  return std::unique_ptr<Listener>(new Listener(loop, std::move(*socket)));
}

void Listener::start(std::function<void(AcceptedStream)> on_accepted) {
  on_accepted_ = std::move(on_accepted);
  loop_.poller().add(socket_.get(), EPOLLIN, *this);
  listening_ = true;
}

void Listener::on_ready(std::uint32_t /*events*/) {
  for (std::size_t i = 0; i < base::kAcceptsPerTurnMax && socket_.is_open(); ++i) {
    SocketAddress peer;
    FileDescriptor accepted(
        ::accept4(socket_.get(), peer.data(), peer.size_for_kernel(), SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!accepted.is_open()) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      if (errno == ECONNABORTED || errno == EINTR) continue;
      return pause(errno);
    }
    on_accepted_({Stream(loop_, std::move(accepted), base::ErrorSource::client), peer.to_ip()});
  }
}

// Out of descriptors or memory: the socket stays ready, and a tight loop would make it worse.
void Listener::pause(int error) {
  base::log_warn("accepting a connection failed: {}", std::generic_category().message(error));
  loop_.poller().remove(socket_.get(), *this);
  listening_ = false;
  loop_.set_timer(*this, kAcceptErrorPause);
}

void Listener::on_expired() {
  if (!socket_.is_open()) return;
  loop_.poller().add(socket_.get(), EPOLLIN, *this);
  listening_ = true;
}

void Listener::close() {
  if (!socket_.is_open()) return;
  if (listening_) loop_.poller().remove(socket_.get(), *this);
  listening_ = false;
  TimerWheel::clear(*this);
  socket_.close();
}

}  // namespace cardea::net
