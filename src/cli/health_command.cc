#include "cli/health_command.h"

#include <fmt/core.h>

#include "cli/admin_client.h"
#include "cli/command_line.h"
#include "cli/run_task.h"

namespace cardea::cli {
namespace {

net::Task<int> check(net::EventLoop& loop, AdminAddress admin) {
  AdminRequest request{"GET", "/health", {}, {}};
  auto answer = co_await call_admin(loop, std::move(admin), std::move(request));
  if (!answer) {
    fmt::print(stderr, "cardea: {}\n", answer.error().context);
    co_return kExitFailed;
  }
  fmt::print("{}", answer->body);
  co_return answer->body.find("\"status\":\"healthy\"") == std::string::npos ? kExitFailed : 0;
}

}  // namespace

int check_health(const AdminAddress& admin) {
  net::EventLoop loop;
  net::TaskGroup tasks;
  return run_task(loop, tasks, check(loop, admin));
}

}  // namespace cardea::cli
