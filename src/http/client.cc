#include "http/client.h"

#include "http/curl_engine.h"

namespace cardea::http {

std::string_view ClientResponse::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

Client::Client(net::EventLoop& loop, ClientOptions options)
    : engine_(std::make_unique<Engine>(loop, std::move(options))) {}

Client::~Client() = default;

net::Task<base::Result<ClientResponse>> Client::send(ClientRequest request) {
  if (!request.url.starts_with("https://")) {
    co_return base::fail(base::ErrorCode::invalid, "\"" + request.url + "\" is not an https:// URL");
  }
  auto store = co_await engine_->find_store(request.url);
  if (!store) co_return base::wrap(store.error(), request.url);
  CurlTransfer transfer(*engine_, std::move(request), std::move(*store));
  co_return co_await transfer;
}

}  // namespace cardea::http
