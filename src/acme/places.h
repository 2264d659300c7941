// How much this node does at one CA at a time, and who waits there: a CA that hangs leaves room for others.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace cardea::acme {

// No thread, no clock: the one who owns it asks on its own thread. It outlives its places.
class Places {
 public:
  // Held while an order runs.
  class Place {
   public:
    Place(Place&& other) noexcept;
    Place& operator=(Place&&) = delete;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

   private:
    friend class Places;
    Place(Places& places, std::string directory_url);

    Places* places_;  // nullptr: moved from
    std::string directory_url_;
  };

  Places() = default;
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  // nullopt: kWorkPerDirectoryMax orders run there.
  [[nodiscard]] std::optional<Place> take(const std::string& directory_url);
  // A certificate that found no place is to be named by next(); one that waits there already is once. False:
  // kWaitingPerDirectoryMax wait there.
  [[nodiscard]] bool wait(const std::string& directory_url, std::string cert_name);
  // Who waits the longest at a CA that has a place, and no longer waits then; those in `busy`, which are
  // being looked at, go on waiting. nullopt: nobody.
  [[nodiscard]] std::optional<std::string> next(const std::set<std::string>& busy);

 private:
  // Gone when nothing runs and nobody waits: directories come from users.
  struct Directory {
    std::size_t running = 0;
    std::deque<std::string> waiting;
  };
  void leave(const std::string& directory_url);

  std::map<std::string, Directory> directories_;
};

}  // namespace cardea::acme
