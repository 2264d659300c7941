// A real redis-server for tests: on a Unix socket in a folder of its own, with the append-only file on.
#pragma once

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace cardea::test {

// Ends, with its folder, when it is destroyed. Only the process that it started is ever signalled.
class RedisServer {
 public:
  RedisServer() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cardea-redis-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    start();
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() {
    kill_now();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] std::string socket_path() const { return folder_ + "/redis.sock"; }
  [[nodiscard]] std::string url() const { return "unix://" + socket_path(); }

  // On the data that the last one left.
  void start() {
    std::vector<std::string> arguments{"redis-server",
                                       "--port",
                                       "0",
                                       "--unixsocket",
                                       socket_path(),
                                       "--dir",
                                       folder_,
                                       "--appendonly",
                                       "yes",
                                       "--appendfsync",
                                       "always",
                                       "--save",
                                       "",
                                       "--loglevel",
                                       "warning"};
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, (folder_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    const int failed = posix_spawnp(&pid_, "redis-server", &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0)
      throw std::runtime_error("redis-server cannot be started; install the package redis-server");
    wait_until_listening();
  }
  // As a crash: no goodbye. Frozen processes end as well.
  void kill_now() { end(SIGKILL); }
  // Stops answering without closing anything.
  void freeze() const { ::kill(pid_, SIGSTOP); }
  void thaw() const { ::kill(pid_, SIGCONT); }

 private:
  void end(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  void wait_until_listening() const {
    using namespace std::chrono_literals;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket_path();
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    for (int attempt = 0; attempt < 500; ++attempt) {
      const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
      const bool connected = connect(fd, generic, sizeof(address)) == 0;
      close(fd);
      if (connected) return;
      std::this_thread::sleep_for(10ms);
    }
    throw std::runtime_error("redis-server does not listen on its socket after five seconds");
  }

  std::string folder_;
  pid_t pid_ = -1;
};

}  // namespace cardea::test
