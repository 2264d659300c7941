// libcurl's multi interface driven by our loop: curl says which sockets and which timer it waits for, the
// loop tells it when they are ready. Nobody but http::Client uses this.
#pragma once

#include <array>
#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include <curl/curl.h>

#include "http/client.h"
#include "net/resolver.h"

namespace cardea::http {

class CurlTransfer;

class Client::Engine final : private net::TimerWheel::Timer {
 public:
  Engine(net::EventLoop& loop, ClientOptions options);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() override;

  // The addresses of Redis if `url` has its port, which the policy has to compare with; otherwise none.
  // Error: they cannot be found out.
  net::Task<base::Result<net::Addresses>> find_store(const std::string& url);
  void start(CURL* easy);
  void remove(CURL* easy);
  [[nodiscard]] const ClientOptions& options() const { return options_; }

 private:
  // One socket of curl's that the loop watches for it.
  class Watch final : public net::Poller::Watcher {
   public:
    Watch(Engine& engine, curl_socket_t socket) : engine_(engine), socket_(socket) {}
    ~Watch() override;
    // `what` is CURL_POLL_IN, _OUT or _INOUT.
    void want(int what);

   private:
    void on_ready(std::uint32_t events) override;
    Engine& engine_;
    curl_socket_t socket_;
    std::uint32_t interest_ = 0;
  };
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* watch);
  static int on_timer(CURLM* multi, long milliseconds, void* self);
  void on_expired() override { act(CURL_SOCKET_TIMEOUT, 0); }
  void act(curl_socket_t socket, int event);
  void collect();

  net::EventLoop& loop_;
  ClientOptions options_;
  CURLM* multi_;
  std::unordered_map<curl_socket_t, std::unique_ptr<Watch>> watches_;
  // What was posted finds out that the engine is gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// One exchange; awaited once. Destroying it gives the exchange up.
class CurlTransfer {
 public:
  CurlTransfer(Client::Engine& engine, ClientRequest request, net::Addresses store);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;
  ~CurlTransfer();

  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter);
  base::Result<ClientResponse> await_resume();
  void finished(CURLcode code);

 private:
  // Makes the socket of a connection, unless the policy refuses its address.
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_field(char* bytes, std::size_t size, std::size_t count, void* self);
  void configure();
  [[nodiscard]] base::Error error() const;

  Client::Engine& engine_;
  ClientRequest request_;
  net::Addresses store_;
  std::optional<std::string> refusal_;
  CURL* easy_;
  curl_slist* fields_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> reason_{};
  ClientResponse response_;
  bool too_large_ = false;
  std::optional<CURLcode> result_;
  std::coroutine_handle<> waiter_;
};

}  // namespace cardea::http
