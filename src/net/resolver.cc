#include "net/resolver.h"

#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include <netdb.h>

#include "base/limits.h"
#include "net/callback.h"

namespace cardea::net {
namespace {

using Answer = base::Result<Addresses>;

std::unexpected<base::Error> unavailable(std::string why) {
  return base::fail_retryable(base::ErrorCode::unavailable, std::move(why), base::ErrorSource::self);
}

Answer ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failed != 0) return unavailable("the name does not resolve: " + std::string(gai_strerror(failed)));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    addresses.push_back(SocketAddress::from_raw(entry->ai_addr, entry->ai_addrlen));
  }
  if (addresses.empty()) return unavailable("the name has no address");
  return addresses;
}

// All lookups of the process. Threads that are stuck in the system's resolver cannot be interrupted, so they
// are never waited for, not even at the end: this lives as long as the process.
class Lookups {
 public:
  using Done = std::function<void(const Answer&)>;  // any thread

  static Lookups& instance() {
    static auto* const kInstance = new Lookups;
    return *kInstance;
  }

  void start(const std::string& host, Done done) {
    {
      const std::scoped_lock lock(mutex_);
      if (const auto running = waiting_.find(host); running != waiting_.end()) {
        running->second.push_back(std::move(done));
        return;
      }
      const std::size_t most = slow_.contains(host) ? base::kSlowLookupsMax : base::kLookupsMax;
      if (waiting_.size() < most) {
        waiting_[host].push_back(std::move(done));
        done = nullptr;
      }
    }
    if (done) return done(unavailable("too many names are being resolved that get no answer"));
    try {
      std::thread([this, host] { run(host); }).detach();
    } catch (const std::system_error& error) {
      finish(host, unavailable(std::string("no thread to resolve the name: ") + error.what()));
    }
  }

 private:
  void run(const std::string& host) {
    const auto begun = Clock::now();
    const Answer answer = ask_system(host);
    {
      const std::scoped_lock lock(mutex_);
      if (Clock::now() - begun < base::kSlowLookup) {
        slow_.erase(host);
      } else {
        if (slow_.size() >= base::kSlowNamesMax) slow_.clear();
        slow_.insert(host);
      }
    }
    finish(host, answer);
  }

  void finish(const std::string& host, const Answer& answer) {
    std::vector<Done> told;
    {
      const std::scoped_lock lock(mutex_);
      const auto found = waiting_.find(host);
      told.swap(found->second);
      waiting_.erase(found);
    }
    for (const Done& done : told) done(answer);
  }

  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<Done>> waiting_;  // by name: a lookup is under way
  std::unordered_set<std::string> slow_;
};

}  // namespace

void look_up(EventLoop& loop, std::string host, std::function<void(base::Result<Addresses>)> done) {
  Lookups::instance().start(host, [inbox = loop.inbox(), done = std::move(done)](const Answer& answer) {
    inbox->post([done, answer] { done(answer); });
  });
}

Task<base::Result<Addresses>> resolve(EventLoop& loop, std::string host, std::uint16_t port) {
  auto [found] = co_await Callback<Answer>([&](auto done) { look_up(loop, std::move(host), done); });
  if (found) {
    for (SocketAddress& address : *found) address = address.with_port(port);
  }
  co_return std::move(found);
}

}  // namespace cardea::net
