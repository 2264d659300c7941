#include "proxy/upstream_pool.h"

#include <algorithm>

#include "base/limits.h"
#include "proxy/upstream_h1.h"
#include "proxy/upstream_h2.h"

namespace cardea::proxy {

void UpstreamConnection::drop() {
  if (pool_ != nullptr) pool_->drop(*this);
}

UpstreamPool::~UpstreamPool() = default;

std::unique_ptr<UpstreamConnection> UpstreamPool::take_idle(const Target& target) {
  const auto found = idle_.find(target.upstream_key);
  if (found == idle_.end()) return nullptr;
  while (!found->second.empty()) {
    std::unique_ptr<UpstreamConnection> connection = std::move(found->second.back());
    found->second.pop_back();
    net::TimerWheel::clear(*connection);
    connection->pool_ = nullptr;
    connection->reused = true;
    if (connection->wake()) return connection;
  }
  return nullptr;
}

net::Task<base::Result<std::unique_ptr<UpstreamConnection>>> UpstreamPool::dial(const Target& target) {
  auto stream = co_await dialer_.dial(target.upstream, base::kDialTimeout, base::ErrorSource::upstream);
  if (!stream) co_return std::unexpected(stream.error());
  counters_.upstream_connections.add();
  if (target.upstream_tls) {
    auto secured = co_await tls::connect(*stream, target.upstream_tls, target.upstream_name,
                                         {tls_sessions_, target.upstream_key});
    if (!secured) {
      secured.error().source = base::ErrorSource::upstream;
      co_return std::unexpected(std::move(secured.error()));
    }
  }
  if (target.protocol == Protocol::http2) {
    co_return std::make_unique<UpstreamH2>(loop_, std::move(*stream), target.upstream_key);
  }
  co_return std::make_unique<UpstreamH1>(std::move(*stream), target.upstream_key);
}

void UpstreamPool::give_back(std::unique_ptr<UpstreamConnection> connection) {
  if (!connection->rest()) return;
  forget_empty_lists();
  auto& idle = idle_[connection->key_];
  if (idle.size() >= base::kUpstreamIdleMax) return;
  connection->pool_ = this;
  loop_.set_timer(*connection, connection->idle_limit_);
  idle.push_back(std::move(connection));
}

// A connection that was taken leaves its list behind, mostly to come back to it: an upstream in use costs no
// allocation per request. But its target may be gone meanwhile.
void UpstreamPool::forget_empty_lists() {
  if (idle_.size() <= lists_max_) return;
  std::erase_if(idle_, [](const auto& list) { return list.second.empty(); });
  lists_max_ = std::max(kListsKept, 2 * idle_.size());
}

void UpstreamPool::drop(UpstreamConnection& connection) {
  const auto found = idle_.find(connection.key_);
  if (found == idle_.end()) return;
  auto& idle = found->second;
  const auto at = std::ranges::find(idle, &connection, &std::unique_ptr<UpstreamConnection>::get);
  if (at == idle.end()) return;
  idle.erase(at);
  // The upstream may never be asked for again: its empty list goes with its last connection.
  if (idle.empty()) idle_.erase(found);
}

}  // namespace cardea::proxy
