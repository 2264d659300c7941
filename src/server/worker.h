// One worker: a thread, a loop, its listeners, its tables. A connection lives and dies on its worker.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "http/connection_set.h"
#include "metrics/worker_counters.h"
#include "net/client_connections.h"
#include "net/event_loop.h"
#include "net/listener.h"
#include "net/task_group.h"
#include "proxy/host_table.h"
#include "server/access_log.h"
#include "server/config.h"
#include "server/dispatcher.h"
#include "tls/accept.h"

namespace cardea::server {

// Made on the main thread; run() starts its own. Everything else happens by post().
class Worker final : private tls::ContextSource {
 public:
  // `fallback` is what clients get that name no host we have a certificate for; `policy` is for upstreams.
  // `access_log` is null if there is none, and outlives this. Above `connections_max` the connection that has
  // been idle longest makes room for a new one.
  Worker(const Config& config, const HostnameSet& admin_hosts, ControlPort control,
         std::shared_ptr<tls::HostContext> fallback, std::shared_ptr<const net::AddressPolicy> policy,
         metrics::AccessLogWriter* access_log, std::size_t connections_max);
  ~Worker() override;

  // Opens the listeners. Errors as net::Listener::open().
  base::Status listen();
  // Starts the thread and accepts.
  void run();
  // Any thread: changes one host of this worker's table, in the order of the calls.
  void put_host(std::shared_ptr<const proxy::Host> host);
  void remove_host(std::string name);
  // Any thread. Stops accepting, closes idle connections, lets the others finish for kDrainTimeout, then
  // ends.
  void drain();
  // Waits for the thread.
  void join();
  [[nodiscard]] const metrics::WorkerCounters& counters() const { return counters_; }

 private:
  net::Task<base::Result<std::shared_ptr<const tls::ServerContext>>> context_for(
      std::string_view server_name) override;
  // Asks the control thread, and so Redis, once per handshake: nothing is kept for names that clients invent.
  net::Task<base::Result<std::shared_ptr<const tls::ServerContext>>> challenge_context_for(
      std::string_view server_name) override;
  void accept(net::AcceptedStream accepted, http::Scheme scheme);
  // What comes before the first request; then hands the connection to a task of its own.
  net::Task<void> establish(net::AcceptedStream accepted, http::Scheme scheme);
  // Reads the PROXY header of a balancer and takes the client's address from it. False: there is none.
  net::Task<bool> take_proxy_header(net::AcceptedStream& accepted) const;
  // Gives `info` a slot among its client's connections. False: the client has as many as it may have.
  bool take_slot(http::ConnectionInfo& info);
  // False: there will be no request on this connection.
  net::Task<bool> shake_hands(net::Stream& stream, http::ConnectionInfo& info);
  [[nodiscard]] http::ConnectionInfo make_info(const boost::asio::ip::address& peer,
                                               http::Scheme scheme) const;
  void begin_drain();

  const Config& config_;
  std::size_t connections_max_;
  metrics::WorkerCounters counters_;
  net::EventLoop loop_;
  tls::HandshakeThread handshake_thread_{loop_};
  proxy::HostTable hosts_;
  std::shared_ptr<tls::HostContext> fallback_;
  ControlPort control_;
  std::unique_ptr<AccessLog> access_log_;  // null: there is none
  Dispatcher dispatcher_;
  http::ConnectionSet connections_;
  net::ClientConnections clients_;
  std::vector<std::unique_ptr<net::Listener>> http_listeners_;
  std::vector<std::unique_ptr<net::Listener>> https_listeners_;
  net::TaskGroup serving_;
  // Ends a drain whose connections do not.
  class DrainTimer;
  std::unique_ptr<DrainTimer> drain_timer_;
  std::thread thread_;
};

}  // namespace cardea::server
