#include "net/name_cache.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/limits.h"
#include "net/callback.h"
#include "net/race.h"

namespace cardea::net {
namespace {

Addresses with_port(Addresses addresses, std::uint16_t port) {
  for (SocketAddress& address : addresses) address = address.with_port(port);
  return addresses;
}

}  // namespace

NameRecord::Use NameRecord::use(Clock::time_point now) const {
  if (now < fresh_until) return Use::addresses;
  if (now < failed_until) return is_usable(now) ? Use::addresses : Use::failure;
  if (!asking) return Use::ask;
  if (now < wait_until(now)) return Use::wait;
  return is_usable(now) ? Use::addresses : Use::failure;
}

Clock::time_point NameRecord::wait_until(Clock::time_point now) const {
  return asked_at + (is_usable(now) ? base::kNameRefreshPatience : base::kNamePatience);
}

void NameRecord::asked(Clock::time_point now) {
  asking = true;
  asked_at = now;
  failure = {base::ErrorCode::timeout, base::ErrorSource::self, true,
             "the name does not resolve: no answer from the name servers"};
}

void NameRecord::answered(base::Result<Addresses> answer, Clock::time_point now) {
  asking = false;
  if (answer) {
    addresses = std::move(*answer);
    fresh_until = now + base::kNameFresh;
    usable_until = now + base::kNameUsable;
    failed_until = {};
  } else {
    failure = std::move(answer.error());
    failed_until = now + base::kNameFailureKept;
  }
}

void NameRecord::doubted(Clock::time_point now) {
  // Not at once: an upstream that is down would cost a lookup per request.
  fresh_until = std::min(fresh_until, now + base::kNameDoubted);
}

void NameCache::doubt(const std::string& host) {
  if (const auto found = entries_.find(host); found != entries_.end()) {
    found->second.record.doubted(EventLoop::now());
  }
}

Task<base::Result<Addresses>> NameCache::find(std::string host, std::uint16_t port, Deadline deadline) {
  for (;;) {
    // After a wait the entry may be another one.
    Entry* entry = entry_of(host);
    if (entry == nullptr) {
      co_return base::fail_retryable(base::ErrorCode::unavailable,
                                     "too many names are being resolved that get no answer",
                                     base::ErrorSource::self);
    }
    const auto now = EventLoop::now();
    entry->used_at = now;
    NameRecord::Use use = entry->record.use(now);
    if (use == NameRecord::Use::wait && deadline.passed()) {
      use = entry->record.is_usable(now) ? NameRecord::Use::addresses : NameRecord::Use::failure;
    }
    if (use == NameRecord::Use::addresses) co_return with_port(entry->record.addresses, port);
    if (use == NameRecord::Use::failure) co_return std::unexpected(entry->record.failure);
    if (use == NameRecord::Use::ask) ask(host, *entry);
    const auto patience = std::chrono::ceil<std::chrono::milliseconds>(entry->record.wait_until(now) - now);
    static_cast<void>(co_await with_deadline<bool>(loop_, std::min(patience, deadline.left()), wait(host)));
  }
}

NameCache::Entry* NameCache::entry_of(const std::string& host) {
  if (const auto found = entries_.find(host); found != entries_.end()) return &found->second;
  if (entries_.size() >= base::kNamesKeptMax) {
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->second.record.asking) continue;  // somebody waits
      if (oldest == entries_.end() || entry->second.used_at < oldest->second.used_at) oldest = entry;
    }
    if (oldest == entries_.end()) return nullptr;
    entries_.erase(oldest);
  }
  return &entries_[host];
}

void NameCache::ask(const std::string& host, Entry& entry) {
  entry.record.asked(EventLoop::now());
  look_up_(loop_, host, [this, alive = alive_, host](base::Result<Addresses> answer) {
    if (*alive) finish(host, std::move(answer));
  });
}

void NameCache::finish(const std::string& host, base::Result<Addresses> answer) {
  const auto found = entries_.find(host);
  if (found == entries_.end()) return;
  found->second.record.answered(std::move(answer), EventLoop::now());
  // Who is woken may come back here at once.
  for (const auto& wake : std::exchange(found->second.waiting, {})) wake();
}

Task<bool> NameCache::wait(std::string host) {
  auto [answered] = co_await Callback<bool>(
      [&](auto done) { entries_[host].waiting.emplace_back([done] { done(true); }); });
  co_return answered;
}

}  // namespace cardea::net
