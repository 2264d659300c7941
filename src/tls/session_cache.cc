#include "tls/session_cache.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace cardea::tls {

SessionCache::Entry SessionCache::take(std::string_view server,
                                       const std::shared_ptr<const ClientContext>& context, Time now) {
  const auto found = servers_.find(server);
  if (found == servers_.end()) return {};
  if (found->second.context.lock() != context) {
    servers_.erase(found);
    return {};
  }
  found->second.used = now;
  std::vector<Entry>& sessions = found->second.sessions;
  while (!sessions.empty()) {
    Entry entry = std::move(sessions.back());
    sessions.pop_back();
    // OpenSSL forbids those of a connection that failed, also after they came here.
    const bool resumable = SSL_SESSION_is_resumable(entry.session.get()) == 1;
    if (resumable && now - entry.verified < base::kTlsSessionLifetime) return entry;
  }
  return {};
}

void SessionCache::keep(std::string_view server, const std::shared_ptr<const ClientContext>& context,
                        Entry entry, Time now) {
  Server& kept = server_of(server);
  if (kept.context.lock() != context) {
    kept.sessions.clear();
    kept.context = context;
  }
  kept.used = now;
  if (kept.sessions.size() == base::kTlsSessionsPerServerMax) kept.sessions.erase(kept.sessions.begin());
  kept.sessions.push_back(std::move(entry));
}

SessionCache::Server& SessionCache::server_of(std::string_view name) {
  if (const auto found = servers_.find(name); found != servers_.end()) return found->second;
  if (servers_.size() >= base::kTlsSessionServersMax) {
    servers_.erase(std::ranges::min_element(servers_, {}, [](const auto& each) { return each.second.used; }));
  }
  return servers_[std::string(name)];
}

}  // namespace cardea::tls
