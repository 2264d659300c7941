#include "cli/admin_client.h"

#include <utility>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "base/limits.h"
#include "http/body_reader.h"
#include "http/h1_response_parser.h"
#include "net/dial.h"

namespace cardea::cli {
namespace {

net::Task<base::Result<AdminResponse>> read_response(net::Stream& stream) {
  http::ResponseHead head;
  for (;;) {
    const auto parsed = http::parse_response_head(stream.input().view(), http::Method::get, head);
    if (!parsed) co_return base::fail(base::ErrorCode::protocol, std::string(parsed.error().why));
    if (*parsed > 0) {
      stream.input().consume(*parsed);
      break;
    }
    auto more = co_await stream.read(base::kUpstreamHeadTimeout);
    if (!more) co_return std::unexpected(more.error());
    if (!*more)
      co_return base::fail(base::ErrorCode::closed, "the server closed the connection without an answer");
  }
  const int status = head.status;
  http::BodyReader body(head.body);
  std::string text;
  while (!body.done()) {
    auto piece = body.take(stream.input());
    if (!piece) co_return base::fail(base::ErrorCode::protocol, std::string(piece.error().why));
    text.append(*piece);
    if (text.size() > base::kApiAnswerBytesMax)
      co_return base::fail(base::ErrorCode::too_large, "the answer is too large");
    if (!piece->empty() || body.done()) continue;
    auto more = co_await stream.read(base::kBodyProgressTimeout);
    if (!more) co_return std::unexpected(more.error());
    if (!*more && !body.end_of_input())
      co_return base::fail(base::ErrorCode::closed, "the answer ended too early");
  }
  co_return AdminResponse{status, std::move(text)};
}

}  // namespace

net::Task<base::Result<AdminResponse>> call_admin(net::EventLoop& loop, AdminAddress admin,
                                                  AdminRequest request) {
  auto stream =
      co_await net::dial(loop, {admin.address, admin.port, {}}, base::kDialTimeout, base::ErrorSource::self);
  if (!stream) {
    co_return base::wrap(stream.error(), "no answer from the server (\"./scripts/justw up\" starts it)");
  }
  std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", request.method,
                                 request.path, admin.host);
  if (!request.token.empty()) head += "Authorization: Bearer " + request.token + "\r\n";
  if (!request.body.empty()) head += fmt::format("Content-Length: {}\r\n", request.body.size());
  stream->output().append(head + "\r\n" + request.body);
  auto sent = co_await stream->flush(base::kBodyProgressTimeout);
  if (!sent) co_return std::unexpected(sent.error());
  co_return co_await read_response(*stream);
}

std::string reason_of(const AdminResponse& response) {
  boost::json::error_code error;
  const boost::json::value document = boost::json::parse(response.body, error);
  const auto* object = error ? nullptr : document.if_object();
  const auto* detail = object == nullptr ? nullptr : object->if_contains("detail");
  if (detail != nullptr && detail->is_string()) return std::string(detail->get_string());
  return fmt::format(
      "the answer has status {} and is none of Cardea's API: is something else on HTTP_PORT, or was the "
      "server started with another .env?",
      response.status);
}

}  // namespace cardea::cli
