// A small HTTPS client for talking to certificate authorities: libcurl's transfers on our event loop.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/address_policy.h"
#include "net/event_loop.h"
#include "net/task.h"

namespace cardea::http {

struct ClientOptions {
  std::string user_agent;
  std::string ca_bundle;  // path of a PEM file with the roots to trust; empty = the system's
  std::chrono::milliseconds timeout{};
  std::size_t body_bytes_max = 0;
  base::ErrorSource peer = base::ErrorSource::ca;  // the source that errors name
  // Judges every address before it is connected to; null: URLs come from who may have everything connected
  // to.
  std::shared_ptr<const net::AddressPolicy> address_policy = nullptr;
};

struct ClientRequest {
  std::string method;               // GET, HEAD, POST
  std::string url;                  // https:// only
  std::vector<std::string> fields;  // "Name: value"
  std::string body;
};

struct ClientResponse {
  int status = 0;
  std::multimap<std::string, std::string> fields;  // names in lower case
  std::string body;

  // The first field of that (lower-case) name, "" if there is none.
  [[nodiscard]] std::string_view field(const std::string& name) const;
};

// Loop thread only. Connections are kept and reused. Redirects are not followed.
class Client {
 public:
  Client(net::EventLoop& loop, ClientOptions options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // One exchange. Any status is a success. Error: invalid (no https URL), timeout, refused (no connection,
  // name does not resolve), forbidden (by the address policy), protocol (TLS not verified: the sentence says
  // why), closed, too_large. May be destroyed while it waits; the transfer is then given up.
  net::Task<base::Result<ClientResponse>> send(ClientRequest request);

  class Engine;  // curl_engine.h

 private:
  std::unique_ptr<Engine> engine_;
};

}  // namespace cardea::http
