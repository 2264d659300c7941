// The running server's REST API, for commands that want what only it does.
#pragma once

#include <string>

#include "base/error.h"
#include "cli/store_access.h"
#include "net/event_loop.h"
#include "net/task.h"

namespace cardea::cli {

struct AdminRequest {
  std::string method;
  std::string path;   // with the query
  std::string token;  // "": none
  std::string body;   // JSON, or ""
};

struct AdminResponse {
  int status = 0;
  std::string body;
};

// One exchange on a connection of its own. Any status is a success. Error: the server cannot be reached, or
// breaks off; the sentence says which.
net::Task<base::Result<AdminResponse>> call_admin(net::EventLoop& loop, AdminAddress admin,
                                                  AdminRequest request);

// "detail" of a problem document, or what else was answered.
[[nodiscard]] std::string reason_of(const AdminResponse& response);

}  // namespace cardea::cli
