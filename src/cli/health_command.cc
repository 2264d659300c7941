#include "cli/health_command.h"

#include <fmt/core.h>

#include "base/limits.h"
#include "cli/command_line.h"
#include "cli/run_task.h"
#include "http/body_reader.h"
#include "http/h1_response_parser.h"
#include "net/dial.h"

namespace cardea::cli {
namespace {

// The whole body of a response; the limit is that of what the API accepts itself.
net::Task<base::Result<std::string>> read_response(net::Stream& stream) {
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
  http::BodyReader body(head.body);
  std::string text;
  while (!body.done()) {
    auto piece = body.take(stream.input());
    if (!piece) co_return base::fail(base::ErrorCode::protocol, std::string(piece.error().why));
    text.append(*piece);
    if (text.size() > base::kApiBodyBytesMax)
      co_return base::fail(base::ErrorCode::too_large, "the answer is too large");
    if (!piece->empty() || body.done()) continue;
    auto more = co_await stream.read(base::kBodyProgressTimeout);
    if (!more) co_return std::unexpected(more.error());
    if (!*more && !body.end_of_input())
      co_return base::fail(base::ErrorCode::closed, "the answer ended too early");
  }
  co_return text;
}

net::Task<base::Result<std::string>> ask(net::EventLoop& loop, AdminAddress admin) {
  auto stream =
      co_await net::dial(loop, {admin.address, admin.port, {}}, base::kDialTimeout, base::ErrorSource::self);
  if (!stream) co_return std::unexpected(stream.error());
  stream->output().append("GET /health HTTP/1.1\r\nHost: " + admin.host + "\r\nConnection: close\r\n\r\n");
  auto sent = co_await stream->flush(base::kBodyProgressTimeout);
  if (!sent) co_return std::unexpected(sent.error());
  co_return co_await read_response(*stream);
}

net::Task<int> check(net::EventLoop& loop, AdminAddress admin) {
  auto answer = co_await ask(loop, std::move(admin));
  if (!answer) {
    fmt::print(stderr, "cardea: no answer from the server: {}\n", answer.error().context);
    co_return kExitFailed;
  }
  fmt::print("{}", *answer);
  co_return answer->find("\"status\":\"healthy\"") == std::string::npos ? kExitFailed : 0;
}

}  // namespace

int check_health(const AdminAddress& admin) {
  net::EventLoop loop;
  net::TaskGroup tasks;
  return run_task(loop, tasks, check(loop, admin));
}

}  // namespace cardea::cli
