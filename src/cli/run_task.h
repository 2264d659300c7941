// Runs one task on the calling thread to its end: what a command does.
#pragma once

#include "net/event_loop.h"
#include "net/task.h"
#include "net/task_group.h"

namespace cardea::cli {

// Runs `loop` until `command` has ended, then destroys what is left in `tasks`. Returns the command's exit
// code, or kExitFailed if it ended by an exception, which was logged.
int run_task(net::EventLoop& loop, net::TaskGroup& tasks, net::Task<int> command);

}  // namespace cardea::cli
