#include "proxy/proxy_handler.h"

#include "base/log.h"
#include "http/respond.h"
#include "proxy/dot_segments.h"
#include "proxy/error_status.h"
#include "proxy/forward.h"
#include "proxy/rewrite.h"

namespace cardea::proxy {
namespace {

// For the client: what happened, without the upstream's address, which is the operator's business.
std::string_view client_sentence(int status) {
  switch (status) {
    case 400: return "The request body is malformed.";
    case 502: return "The server behind this site could not be reached or gave no valid answer.";
    case 504: return "The server behind this site did not answer in time.";
    default: return "This site cannot be served right now.";
  }
}

http::ExchangeRecord::Aborted breaker(const base::Error& error) {
  using Aborted = http::ExchangeRecord::Aborted;
  return error.source == base::ErrorSource::client     ? Aborted::client
         : error.source == base::ErrorSource::upstream ? Aborted::upstream
                                                       : Aborted::proxy;
}

// RFC 9110 §7.6.2: we are the last that the client wants to hear of. What is allowed is what we pass on.
net::Task<void> answer_as_last(http::Exchange& exchange) {
  const int status = exchange.request().method == http::Method::trace ? 405 : 200;
  co_await http::respond(exchange, status, {{"Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"}}, "");
}

}  // namespace

net::Task<void> ProxyHandler::serve(http::Exchange& exchange, std::shared_ptr<const Host> host) {
  if (is_loop(exchange.request().fields)) {
    co_return co_await http::respond_error(exchange, 508, "The server behind this site leads back to it.");
  }
  if (forwards_left(exchange.request()) == 0U) co_return co_await answer_as_last(exchange);
  const Target& target = *host->target;
  if (!target.path_prefix.empty() && has_dot_segment(exchange.request().target)) {
    co_return co_await http::respond_error(exchange, 400, "This path might lead out of the site.");
  }
  if (target.protocol == Protocol::http2 && wants_upgrade(exchange.request())) {
    // HTTP/2 has no upgrade. Its own way for WebSocket (RFC 8441) few servers know.
    co_return co_await http::respond_error(
        exchange, 501,
        "The server behind this site speaks HTTP/2: a WebSocket or another upgrade is not possible.");
  }
  http::ExchangeRecord& record = exchange.record();
  record.upstream = target.upstream_key;
  const std::string& name = host->name;
  record.upstream_owner = std::move(host);  // it stays for as long as the exchange
  base::Status done;
  {
    Forward forward(loop_, exchange, target, pool_);
    done = co_await forward.run();
  }
  if (done) co_return;
  const int status = error_status(done.error());
  if (exchange.response_started() || status == 0) record.note_abort(breaker(done.error()));
  if (status == 0) {
    exchange.abort();
    co_return;
  }
  record.error = done.error().to_string();
  base::log_warn("{} {}: {} upstream {}: {} (request {})", name, exchange.request().method_text, status,
                 target.upstream_key, record.error, record.id);
  co_await http::respond_error(exchange, status, client_sentence(status));
}

}  // namespace cardea::proxy
