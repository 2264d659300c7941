#include "server/dispatcher.h"

#include <utility>
#include <vector>

#include "base/limits.h"
#include "http/host_key.h"
#include "http/respond.h"

namespace cardea::server {
namespace {

constexpr std::string_view kChallengePrefix = "/.well-known/acme-challenge/";

// The request body, bounded. Error: too_large, or the client's.
net::Task<base::Result<std::string>> read_whole_body(http::Exchange& exchange) {
  const auto too_large = [] {
    return base::fail(base::ErrorCode::too_large, "The request body is over 64 KiB.",
                      base::ErrorSource::client);
  };
  // Said before the client sends it.
  if (exchange.request().body.length > base::kApiBodyBytesMax) co_return too_large();
  std::string body;
  while (!exchange.body_done()) {
    auto piece = co_await exchange.read_body();
    if (!piece) co_return std::unexpected(piece.error());
    if (body.size() + piece->size() > base::kApiBodyBytesMax) co_return too_large();
    body.append(*piece);
  }
  co_return body;
}

api::Request make_api_request(const http::Exchange& exchange, std::string body) {
  const http::RequestHead& head = exchange.request();
  const std::size_t question = std::min(head.target.find('?'), head.target.size());
  api::Request request;
  request.method = head.method_text;
  request.path = head.target.substr(0, question);
  if (question < head.target.size()) request.query = head.target.substr(question + 1);
  request.authorization = head.fields.find("authorization").value_or("");
  request.content_type = head.fields.find("content-type").value_or("");
  request.body = std::move(body);
  return request;
}

}  // namespace

void Dispatcher::begin(http::ExchangeRecord& record) {
  record.own_id = request_ids_.next();
  record.id = {record.own_id.data(), record.own_id.size()};
  if (access_log_ != nullptr) record.begun = http::ExchangeRecord::Clock::now();
}

void Dispatcher::end(const http::Exchange& exchange) {
  if (access_log_ != nullptr) access_log_->add(exchange);
}

net::Task<void> Dispatcher::serve(http::Exchange& exchange) {
  counters_.requests.add();
  if (exchange.request().target.starts_with(kChallengePrefix) && co_await serve_challenge(exchange))
    co_return;
  const http::HostKey hostname(exchange.request().authority);
  if (exchange.connection().scheme == http::Scheme::https && is_misdirected(exchange, hostname.view())) {
    co_await http::respond_error(
        exchange, 421, "This connection was made for another host; its certificate does not cover this one.");
  } else if (admin_hosts_.contains(hostname.view())) {
    co_await serve_api(exchange);
  } else {
    co_await serve_host(exchange, hostname.view());
  }
}

net::Task<void> Dispatcher::serve_host(http::Exchange& exchange, std::string_view hostname) {
  const bool https = exchange.connection().scheme == http::Scheme::https;
  std::shared_ptr<const proxy::Host> host = hosts_.find(hostname);
  if (!host || !host->target) {
    co_return co_await http::respond_error(exchange, 404, "There is no such site here.");
  }
  if (!host->target->enabled) {
    co_return co_await http::respond_error(exchange, 503, "This site is switched off.");
  }
  if (https ? !host->target->enable_https : !host->target->enable_http) {
    co_return co_await http::respond_error(exchange, 404, "This site is not served over this protocol.");
  }
  co_await proxy_.serve(exchange, std::move(host));
}

bool Dispatcher::is_misdirected(const http::Exchange& exchange, std::string_view hostname) const {
  const http::ConnectionInfo& connection = exchange.connection();
  if (connection.server_name == hostname) return false;
  if (connection.certificate_names && proxy::covers(*connection.certificate_names, hostname)) return false;
  // Who asks by an address sends no name, and gets the API or an error page all the same.
  return !connection.server_name.empty() || hosts_.find(hostname) != nullptr;
}

net::Task<bool> Dispatcher::serve_challenge(http::Exchange& exchange) {
  const http::RequestHead& head = exchange.request();
  if (head.method != http::Method::get && head.method != http::Method::head) co_return false;
  std::string token(head.target.substr(kChallengePrefix.size()));
  auto found = co_await net::call_on<base::Result<std::optional<std::string>>>(
      control_.target, loop_,
      [&api = control_.api, token = std::move(token)] { return api.find_challenge(token); });
  if (!found) {
    co_await http::respond_error(exchange, 503,
                                 "Challenges cannot be answered while Redis is not reachable.");
    co_return true;
  }
  if (!*found) co_return false;
  // RFC 8555 §8.3: the key authorisation and nothing else, no newline.
  co_await http::respond(
      exchange, 200, {{"Content-Type", "application/octet-stream"}, {"Cache-Control", "no-store"}}, **found);
  co_return true;
}

net::Task<void> Dispatcher::serve_api(http::Exchange& exchange) {
  auto body = co_await read_whole_body(exchange);
  if (!body) {
    if (body.error().code == base::ErrorCode::too_large) {
      co_return co_await http::respond_error(exchange, 413, body.error().context);
    }
    if (body.error().code == base::ErrorCode::invalid) {
      co_return co_await http::respond_error(exchange, 400, body.error().context);
    }
    exchange.record().note_abort(http::ExchangeRecord::Aborted::client);
    co_return exchange.abort();
  }
  const api::Response response = co_await net::call_on<api::Response>(
      control_.target, loop_, [&api = control_.api, request = make_api_request(exchange, std::move(*body))] {
        return api.handle(request);
      });
  std::vector<http::Field> fields = {{"Content-Type", response.content_type}, {"Cache-Control", "no-store"}};
  for (const auto& [name, value] : response.fields) fields.push_back({name, value});
  co_await http::respond(exchange, response.status, fields, response.body);
}

}  // namespace cardea::server
