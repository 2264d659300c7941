// The addresses of upstreams' names, per worker: asked for when they are needed, kept for a short time, and
// for longer while nobody answers.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/strings.h"
#include "net/deadline.h"
#include "net/event_loop.h"
#include "net/resolver.h"
#include "net/task.h"

namespace cardea::net {

// What is known about one name, and what that means now. Pure: the time is passed in.
struct NameRecord {
  enum class Use : std::uint8_t {
    addresses,  // connect to these
    failure,    // give up with this error
    ask,        // nobody is asked yet: ask, then wait
    wait,       // for the answer, until wait_until
  };
  [[nodiscard]] Use use(Clock::time_point now) const;
  // What to do when the wait is over and there was no answer.
  [[nodiscard]] bool is_usable(Clock::time_point now) const { return now < usable_until; }
  [[nodiscard]] Clock::time_point wait_until(Clock::time_point now) const;

  void asked(Clock::time_point now);
  void answered(base::Result<Addresses> answer, Clock::time_point now);
  void doubted(Clock::time_point now);

  Addresses addresses;  // the last good answer
  base::Error failure;  // the last bad one
  Clock::time_point fresh_until{};
  Clock::time_point usable_until{};
  Clock::time_point failed_until{};
  Clock::time_point asked_at{};
  bool asking = false;
};

// Loop thread only; may be destroyed on another one after the loop has ended.
class NameCache {
 public:
  // What resolves a name; look_up() unless a test brings its own.
  using LookUp = std::function<void(EventLoop&, std::string, std::function<void(base::Result<Addresses>)>)>;

  explicit NameCache(EventLoop& loop, LookUp look_up = net::look_up)
      : loop_(loop), look_up_(std::move(look_up)) {}
  NameCache(const NameCache&) = delete;
  NameCache& operator=(const NameCache&) = delete;
  ~NameCache() { *alive_ = false; }

  // The addresses of `host` with `port`. A fresh answer (kNameFresh) is given at once. Otherwise the name is
  // resolved, once for all who wait; if that fails or takes too long, the last good answer is given for as
  // long as kNameUsable. Error: unavailable (also at once, if it failed a moment ago), timeout (`deadline`,
  // or the resolver has been silent for kNamePatience).
  Task<base::Result<Addresses>> find(std::string host, std::uint16_t port, Deadline deadline);
  // Nobody accepted at these addresses: the name may have others by now, and is asked for again within
  // kNameDoubted.
  void doubt(const std::string& host);

 private:
  struct Entry {
    NameRecord record;
    Clock::time_point used_at{};
    std::vector<std::function<void()>> waiting;
  };
  // nullptr: there are kNamesKeptMax names, and the resolver is silent about all.
  Entry* entry_of(const std::string& host);
  void ask(const std::string& host, Entry& entry);
  void finish(const std::string& host, base::Result<Addresses> answer);
  Task<bool> wait(std::string host);

  EventLoop& loop_;
  LookUp look_up_;
  std::unordered_map<std::string, Entry> entries_;
  // An answer that comes later finds out that nobody is here.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace cardea::net
