// The control thread: Redis, certificates, the API and the publisher. Everything that is not on the path of a
// proxied request happens here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "acme/manager.h"
#include "api/api.h"
#include "auth/authenticator.h"
#include "http/client.h"
#include "net/event_loop.h"
#include "net/task_group.h"
#include "server/config.h"
#include "server/publisher.h"
#include "server/worker.h"
#include "store/change_stream.h"
#include "store/repositories.h"
#include "tls/client.h"
#include "tls/ticket_keys.h"

namespace cardea::server {

// Made on the main thread; after run() its parts are touched on the control thread only.
class Control {
 public:
  // `workers` may still be empty; it is complete before run(). `redis_tls` is set for rediss://.
  Control(const Config& config, std::vector<std::unique_ptr<Worker>>& workers, tls::TicketKeys& tickets,
          std::shared_ptr<const tls::ClientContext> redis_tls,
          std::shared_ptr<const net::AddressPolicy> policy);
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  ~Control();

  [[nodiscard]] ControlPort port() { return {{loop_, tasks_}, api_}; }
  // Starts the thread: connects to Redis, loads everything, and calls `on_loaded` once the first load was
  // published, or kFirstLoadTimeout after the start if Redis is not there.
  void run(std::function<void()> on_loaded);
  // Ends all work and waits for the thread. Another node goes on with orders under way, or this one after its
  // next start.
  void stop();

 private:
  [[nodiscard]] api::Services make_services();
  [[nodiscard]] net::Task<void> end_work();
  [[nodiscard]] net::Task<void> announce_first_load(std::function<void()> on_loaded);
  net::Task<base::Status> reconcile();
  net::Task<base::Status> apply(store::Change change);

  const Config& config_;
  std::shared_ptr<const net::AddressPolicy> policy_;
  std::vector<std::unique_ptr<Worker>>& workers_;
  net::EventLoop loop_;
  net::TaskGroup tasks_;
  boost::asio::thread_pool pool_{
      1};  // keys take a second of CPU; one at a time leaves the rest to the workers
  store::Dialer dialer_;
  store::RedisClient redis_;
  store::Repositories store_;
  Publisher publisher_;
  http::Client http_client_;
  http::Client guarded_http_client_;
  acme::Clients clients_;
  acme::Keys keys_;
  acme::Accounts accounts_;
  acme::Ledger ledger_;
  acme::Environment acme_;
  acme::Manager manager_;
  auth::Authenticator authenticator_;
  api::Services services_;
  api::Api api_;
  store::ChangeStream changes_;
  bool loaded_ = false;
  std::thread thread_;
};

}  // namespace cardea::server
