// The certificate of one host: a compact record, and a ServerContext that is made at the first handshake.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "tls/context.h"

namespace cardea::tls {

// Any thread. `credentials` is immutable; the context is made once, under a lock that only handshakes take.
class HostContext {
 public:
  HostContext(std::string name, std::shared_ptr<const Credentials> credentials, TicketKeys& tickets)
      : name_(std::move(name)), credentials_(std::move(credentials)), tickets_(tickets) {}

  // Error as ServerContext::make(); it is remembered, a broken record is not parsed at every handshake.
  base::Result<std::shared_ptr<const ServerContext>> context() {
    const std::scoped_lock lock(mutex_);
    if (!context_) context_.emplace(ServerContext::make(name_, *credentials_, tickets_));
    return *context_;
  }
  [[nodiscard]] const std::shared_ptr<const Credentials>& credentials() const { return credentials_; }

 private:
  std::string name_;
  std::shared_ptr<const Credentials> credentials_;
  TicketKeys& tickets_;
  std::mutex mutex_;
  std::optional<base::Result<std::shared_ptr<const ServerContext>>> context_;
};

}  // namespace cardea::tls
