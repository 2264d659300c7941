#include "cli/run_task.h"

#include "cli/command_line.h"

namespace cardea::cli {
namespace {

net::Task<void> keep_exit_code(net::Task<int> command, int& exit_code) {
  exit_code = co_await command;
}

}  // namespace

int run_task(net::EventLoop& loop, net::TaskGroup& tasks, net::Task<int> command) {
  int exit_code = kExitFailed;
  net::TaskGroup commands;
  commands.on_empty([&loop] { loop.stop(); });
  loop.post([&] { commands.spawn("command", keep_exit_code(std::move(command), exit_code)); });
  loop.run();
  tasks.cancel_all();
  return exit_code;
}

}  // namespace cardea::cli
