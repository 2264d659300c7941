#include "http/respond.h"

#include <string>
#include <vector>

#include <fmt/core.h>

#include "http/date_text.h"

namespace cardea::http {
namespace {

net::Task<void> send_error(Exchange& exchange, int status, std::string page) {
  co_await respond(exchange, status,
                   {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}}, page);
}

net::Task<void> abort(Exchange& exchange) {
  exchange.abort();
  co_return;
}

}  // namespace

net::Task<void> respond(Exchange& exchange, int status, std::vector<Field> fields, std::string_view body) {
  ResponseHead head;
  head.status = status;
  head.reason = reason_phrase(status);
  static_cast<void>(head.fields.add({"Date", date_text()}));
  static_cast<void>(head.fields.add({"X-Request-Id", exchange.record().id}));
  for (const Field& field : fields) static_cast<void>(head.fields.add(field));
  head.body = {Framing::length, body.size()};
  exchange.start_response(head);
  if (exchange.request().method != Method::head) static_cast<void>(exchange.write_body(body));
  static_cast<void>(co_await exchange.finish());
}

net::Task<void> respond_error(Exchange& exchange, int status, std::string_view sentence) {
  std::string& error = exchange.record().error;
  if (error.empty()) error = sentence;
  if (exchange.response_started()) return abort(exchange);
  return send_error(exchange, status,
                    fmt::format("{} {}\n\n{}\n\nRequest id: {}\n", status, reason_phrase(status), sentence,
                                exchange.record().id));
}

}  // namespace cardea::http
