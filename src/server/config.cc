#include "server/config.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <fmt/core.h>

#include "base/hostname.h"
#include "base/strings.h"
#include "base/url.h"

namespace cardea::server {
namespace {

// Collects what is wrong while values are taken, so that one run tells everything.
class Variables {
 public:
  explicit Variables(const ReadVariable& read) : read_(read) {}

  std::string text(const char* name) {
    auto value = read_(name);
    if (!value) complain(name, "is not set");
    return value.value_or("");
  }
  std::string required_text(const char* name) {
    auto value = read_(name);
    if (!value || value->empty()) complain(name, value ? "is empty" : "is not set");
    return value.value_or("");
  }
  std::uint64_t number(const char* name, std::uint64_t min, std::uint64_t max) {
    const std::string value = required_text(name);
    if (value.empty()) return min;
    const auto parsed = base::parse_uint(value, max);
    if (!parsed || *parsed < min) {
      complain(name, fmt::format("is \"{}\", but must be a number from {} to {}", base::printable(value), min,
                                 max));
    }
    return parsed.value_or(min);
  }
  std::string file_or_empty(const char* name) {
    std::string path = text(name);
    std::error_code ignored;
    if (!path.empty() && !std::filesystem::is_regular_file(path, ignored)) {
      complain(name, fmt::format("names \"{}\", which is not a file", base::printable(path)));
    }
    return path;
  }
  std::vector<std::string> list(const char* name) {
    std::vector<std::string> parts;
    const std::string value = required_text(name);
    for (const std::string_view part : base::split(value, ',')) {
      if (const auto trimmed = base::trim(part); !trimmed.empty()) parts.emplace_back(trimmed);
    }
    if (parts.empty() && !value.empty()) complain(name, "is an empty list");
    return parts;
  }
  void complain(std::string_view name, std::string_view what) {
    faults_.push_back(fmt::format("{} {}", name, what));
  }
  [[nodiscard]] std::vector<std::string> take_faults() { return std::move(faults_); }

 private:
  const ReadVariable& read_;
  std::vector<std::string> faults_;
};

std::vector<std::string> read_addresses(Variables& variables) {
  auto addresses = variables.list("LISTEN_ADDRESSES");
  for (const std::string& address : addresses) {
    if (!base::is_ip_literal(address)) {
      variables.complain("LISTEN_ADDRESSES",
                         fmt::format("has \"{}\", which is not an IP address", base::printable(address)));
    }
  }
  return addresses;
}

std::vector<std::string> read_admin_hosts(Variables& variables) {
  std::vector<std::string> hosts;
  for (const std::string& name : variables.list("ADMIN_HOSTS")) {
    auto host = base::is_ip_literal(name) ? base::Result<std::string>(base::to_lower(name))
                                          : base::parse_hostname(name);
    if (host) {
      hosts.push_back(std::move(*host));
    } else {
      variables.complain("ADMIN_HOSTS", "has a bad name: " + host.error().context);
    }
  }
  return hosts;
}

net::AddressRanges read_ranges(Variables& variables, const char* name) {
  auto ranges = net::AddressRanges::parse(variables.text(name));
  if (ranges) return std::move(*ranges);
  variables.complain(name, "has a bad entry: " + ranges.error().context);
  return {};
}

void read_upstream_allowed(Variables& variables, net::AddressPolicyOptions& policy) {
  const std::string value = variables.text("UPSTREAM_ALLOWED");
  for (const std::string_view part : base::split(value, ',')) {
    const std::string_view word = base::trim(part);
    if (word == "private") {
      policy.private_networks = true;
    } else if (word == "loopback") {
      policy.loopback = true;
    } else if (word == "unix") {
      policy.unix_sockets = true;
    } else if (!word.empty()) {
      variables.complain(
          "UPSTREAM_ALLOWED",
          fmt::format("has \"{}\", but may have private, loopback and unix only", base::printable(word)));
    }
  }
}

// What no upstream may be whatever is allowed: this server's own listeners and its Redis.
void complete_policy(Config& config) {
  for (const std::string& address : config.listen_addresses) {
    boost::system::error_code malformed;  // and said already
    const auto parsed = boost::asio::ip::make_address(address, malformed);
    if (!malformed) config.address_policy.listen_addresses.push_back(parsed);
  }
  config.address_policy.listen_ports = {config.http_port, config.https_port};
  config.address_policy.store = config.redis.endpoint;
}

base::LogLevel read_log_level(Variables& variables) {
  const std::string level = variables.required_text("LOG_LEVEL");
  if (level == "debug") return base::LogLevel::debug;
  if (level == "warn") return base::LogLevel::warn;
  if (level == "error") return base::LogLevel::error;
  if (level != "info" && !level.empty()) {
    variables.complain("LOG_LEVEL", fmt::format("is \"{}\", but must be debug, info, warn or error",
                                                base::printable(level)));
  }
  return base::LogLevel::info;
}

crypto::KeyType read_key_type(Variables& variables) {
  const std::string text = variables.required_text("CERT_KEY_TYPE");
  const auto type = crypto::parse_key_type(text);
  if (!type && !text.empty()) {
    variables.complain("CERT_KEY_TYPE",
                       fmt::format("is \"{}\", but must be rsa2048, rsa3072, rsa4096, ec_p256 or ec_p384",
                                   base::printable(text)));
  }
  return type.value_or(crypto::KeyType::rsa2048);
}

void read_acme(Variables& variables, Config& config) {
  config.acme_directory_url = variables.required_text("ACME_DIRECTORY_URL");
  const auto url = base::parse_url(config.acme_directory_url);
  if (!config.acme_directory_url.empty() && (!url || url->scheme != "https")) {
    variables.complain("ACME_DIRECTORY_URL", fmt::format("is \"{}\", but must be an https:// URL",
                                                         base::printable(config.acme_directory_url)));
  }
  config.acme_ca_bundle = variables.file_or_empty("ACME_CA_BUNDLE");
  auto accounts = acme::parse_external_accounts(variables.text("ACME_EAB"));
  if (accounts) {
    config.acme_external_accounts = std::move(*accounts);
  } else {
    variables.complain("ACME_EAB", "is malformed: " + accounts.error().context);
  }
  auto limits = acme::parse_rate_limits(variables.text("ACME_RATE_LIMITS"));
  if (limits) {
    config.acme_rate_limits = std::move(*limits);
  } else {
    variables.complain("ACME_RATE_LIMITS", "is malformed: " + limits.error().context);
  }
  config.cert_key_type = read_key_type(variables);
  config.acme_poll_interval = std::chrono::seconds(variables.number("ACME_POLL_INTERVAL_SECONDS", 1, 3600));
  config.acme_poll_attempts_max = static_cast<int>(variables.number("ACME_POLL_MAX_ATTEMPTS", 1, 10'000));
  config.renewal_check_interval =
      std::chrono::seconds(variables.number("RENEWAL_CHECK_INTERVAL", 1, 30 * 86'400));
  config.renewal_threshold = std::chrono::days(variables.number("RENEWAL_THRESHOLD_DAYS", 1, 365));
}

}  // namespace

std::expected<Config, std::vector<std::string>> read_config(const ReadVariable& read) {
  Variables variables(read);
  Config config;
  const std::string redis_url = variables.required_text("REDIS_URL");
  auto redis = store::parse_redis_url(redis_url);
  if (redis) {
    config.redis = std::move(*redis);
  } else if (!redis_url.empty()) {
    variables.complain("REDIS_URL", "is malformed: " + redis.error().context);
  }
  config.redis_ca_bundle = variables.file_or_empty("REDIS_CA_BUNDLE");
  config.http_port = static_cast<std::uint16_t>(variables.number("HTTP_PORT", 1, 65535));
  config.https_port = static_cast<std::uint16_t>(variables.number("HTTPS_PORT", 1, 65535));
  config.listen_addresses = read_addresses(variables);
  config.admin_hosts = read_admin_hosts(variables);
  config.trusted_proxies = read_ranges(variables, "TRUSTED_PROXIES");
  config.proxy_protocol_peers = read_ranges(variables, "PROXY_PROTOCOL_PEERS");
  config.client_connections_max = variables.number("CLIENT_CONNECTIONS_MAX", 1, 1'000'000);
  config.workers = variables.number("WORKERS", 0, 1024);
  if (config.workers == 0) config.workers = std::max(1U, std::thread::hardware_concurrency());
  config.log_level = read_log_level(variables);
  read_upstream_allowed(variables, config.address_policy);
  complete_policy(config);
  config.access_log = variables.text("ACCESS_LOG");
  read_acme(variables, config);
  auto faults = variables.take_faults();
  // A port that cannot be read is 1, and named already.
  if (config.http_port == config.https_port && (faults.empty() || config.http_port != 1)) {
    faults.emplace_back("HTTPS_PORT is the same as HTTP_PORT; they need two ports");
  }
  if (!faults.empty()) return std::unexpected(std::move(faults));
  return config;
}

std::optional<std::string> read_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace cardea::server
