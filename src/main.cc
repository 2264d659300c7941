// The program: wires the command line to the server and to the configuration.

#include <memory>
#include <utility>

#include "cli/command_line.h"
#include "server/redis_dialer.h"
#include "server/serve.h"

namespace {

using namespace cardea;

int serve() {
  const auto config = server::load_config();
  return config ? server::serve(*config) : server::kExitCannotStart;
}

std::optional<cli::StoreAccess> open_store() {
  auto config = server::load_config();
  if (!config) return std::nullopt;
  auto tls = server::make_redis_tls(config->redis, config->redis_ca_bundle);
  if (!tls) {
    base::log_error("{}", tls.error().context);
    return std::nullopt;
  }
  base::set_log_level(base::LogLevel::error);  // a command says itself what happened
  return cli::StoreAccess{config->redis, [options = config->redis, tls = *tls](net::EventLoop& loop) {
                            return server::make_redis_dialer(loop, options, tls);
                          }};
}

std::optional<cli::AdminAddress> find_admin() {
  const auto config = server::load_config();
  if (!config) return std::nullopt;
  std::string address = config->listen_addresses.front();
  if (address == "0.0.0.0") address = "127.0.0.1";
  if (address == "::") address = "::1";
  const std::string& host = config->admin_hosts.front();
  return cli::AdminAddress{std::move(address), config->http_port,
                           host.find(':') == std::string::npos ? host : "[" + host + "]"};
}

}  // namespace

int main(int argc, char** argv) {
  return cli::run(argc, argv, {serve, open_store, find_admin});
}
