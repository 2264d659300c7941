// The command line: what a person or script types, turned into calls.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/store_access.h"

namespace cardea::cli {

// Exit codes: 0 done; 1 it failed (the sentence says why); 2 used wrongly or cannot start.
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// What the commands need from outside; main wires it.
struct Program {
  std::function<int()> serve;
  // Says on standard error what is wrong with the configuration and returns nullopt.
  std::function<std::optional<StoreAccess>()> open_store;
  std::function<std::optional<AdminAddress>()> find_admin;
};

// Parses the arguments and runs the command. Returns the exit code.
int run(int argc, char** argv, const Program& program);

}  // namespace cardea::cli
