// The hosts of one worker, by name. The publisher posts single changes; nothing is ever rebuilt.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/strings.h"
#include "proxy/host.h"

namespace cardea::proxy {

// Worker thread only.
class HostTable {
 public:
  // The host of a canonical name; nullptr if there is none. Keep the pointer for as long as the host is used:
  // the table may drop it at any time.
  [[nodiscard]] std::shared_ptr<const Host> find(std::string_view name) const {
    const auto found = hosts_.find(name);
    return found == hosts_.end() ? nullptr : found->second;
  }
  void put(std::shared_ptr<const Host> host) {
    std::string name = host->name;
    hosts_.insert_or_assign(std::move(name), std::move(host));
  }
  void remove(std::string_view name) {
    if (const auto found = hosts_.find(name); found != hosts_.end()) hosts_.erase(found);
  }

 private:
  std::unordered_map<std::string, std::shared_ptr<const Host>, base::StringHash, std::equal_to<>> hosts_;
};

}  // namespace cardea::proxy
