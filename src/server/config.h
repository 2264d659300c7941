// The configuration: environment variables, which just loads from .env. There are no defaults in the code:
// what is missing or malformed stops the start, and all of it is said at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/external_account.h"
#include "acme/rate_limits.h"
#include "base/log.h"
#include "crypto/key.h"
#include "net/address_policy.h"
#include "net/address_ranges.h"
#include "store/redis_options.h"

namespace cardea::server {

struct Config {
  store::RedisOptions redis;
  net::AddressPolicyOptions address_policy;
  std::string redis_ca_bundle;
  std::uint16_t http_port = 0;
  std::uint16_t https_port = 0;
  std::vector<std::string> listen_addresses;
  std::vector<std::string> admin_hosts;     // canonical
  net::AddressRanges trusted_proxies;       // whose X-Forwarded-* count
  net::AddressRanges proxy_protocol_peers;  // who must begin with a PROXY header
  std::size_t client_connections_max = 0;
  std::size_t workers = 0;  // at least one: 0 in .env became the number of cores
  base::LogLevel log_level = base::LogLevel::info;
  std::string access_log;  // a path, "-" for standard output; empty: none
  std::string acme_directory_url;
  std::string acme_ca_bundle;
  std::vector<acme::ExternalAccount> acme_external_accounts;
  acme::RateLimits acme_rate_limits;
  crypto::KeyType cert_key_type = crypto::KeyType::rsa2048;
  std::chrono::seconds acme_poll_interval{};
  int acme_poll_attempts_max = 0;
  std::chrono::seconds renewal_check_interval{};
  std::chrono::days renewal_threshold{};
};

// One value: nullopt if the variable is not set at all ("" is set).
using ReadVariable = std::function<std::optional<std::string>(const char* name)>;

// Reads and checks everything. The error is a list of sentences, one per variable that is missing or
// malformed.
[[nodiscard]] std::expected<Config, std::vector<std::string>> read_config(const ReadVariable& read);
// The process environment.
[[nodiscard]] std::optional<std::string> read_environment(const char* name);

}  // namespace cardea::server
