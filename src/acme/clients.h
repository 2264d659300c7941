// One Client for each directory, so that nonces, directory and connections are shared.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "acme/client.h"
#include "http/client.h"

namespace cardea::acme {

// Loop thread only; both HTTP clients outlive it. A directory that a request named, and all that it refers
// to, is asked by `guarded`, which does not connect wherever somebody likes; the operator's own, `own_url`,
// by `own`. Directories come from owners of tokens, so there could be any number: past kDirectoriesMax new
// ones are made for one use only.
class Clients {
 public:
  Clients(http::Client& own, std::string own_url, http::Client& guarded)
      : own_(own), own_url_(std::move(own_url)), guarded_(guarded) {}

  // Keep the pointer for as long as the client is used.
  [[nodiscard]] std::shared_ptr<Client> get(const std::string& directory_url) {
    const auto found = clients_.find(directory_url);
    if (found != clients_.end()) return found->second;
    auto client = std::make_shared<Client>(directory_url == own_url_ ? own_ : guarded_, directory_url);
    if (clients_.size() < kDirectoriesMax) clients_.emplace(directory_url, client);
    return client;
  }

 private:
  static constexpr std::size_t kDirectoriesMax = 256;

  http::Client& own_;
  std::string own_url_;
  http::Client& guarded_;
  std::map<std::string, std::shared_ptr<Client>> clients_;
};

}  // namespace cardea::acme
