#include "server/config.h"

#include <cstdlib>
#include <map>

#include <gtest/gtest.h>

namespace cardea::server {
namespace {

using Variables = std::map<std::string, std::string>;

Variables good() {
  return {{"REDIS_URL", "redis://:password@redis:6380/2"},
          {"REDIS_CA_BUNDLE", ""},
          {"HTTP_PORT", "8080"},
          {"HTTPS_PORT", "8443"},
          {"LISTEN_ADDRESSES", "0.0.0.0, ::"},
          {"ADMIN_HOSTS", "Admin.Example., localhost,127.0.0.1"},
          {"TRUSTED_PROXIES", ""},
          {"PROXY_PROTOCOL_PEERS", ""},
          {"CLIENT_CONNECTIONS_MAX", "100"},
          {"WORKERS", "3"},
          {"LOG_LEVEL", "warn"},
          {"UPSTREAM_ALLOWED", "private, loopback"},
          {"ACCESS_LOG", ""},
          {"ACME_DIRECTORY_URL", "https://acme.example/directory"},
          {"ACME_CA_BUNDLE", ""},
          {"ACME_EAB", ""},
          {"ACME_RATE_LIMITS", ""},
          {"CERT_KEY_TYPE", "ec_p256"},
          {"ACME_POLL_INTERVAL_SECONDS", "2"},
          {"ACME_POLL_MAX_ATTEMPTS", "60"},
          {"RENEWAL_CHECK_INTERVAL", "86400"},
          {"RENEWAL_THRESHOLD_DAYS", "30"}};
}

std::expected<Config, std::vector<std::string>> read(const Variables& variables) {
  return read_config([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(Config, IsReadFromGoodVariables) {
  const auto config = read(good());
  ASSERT_TRUE(config) << config.error().front();
  EXPECT_EQ(config->redis.endpoint.to_string(), "redis:6380");
  EXPECT_EQ(config->redis.password, "password");
  EXPECT_EQ(config->redis.database, 2U);
  EXPECT_EQ(config->http_port, 8080);
  EXPECT_EQ(config->https_port, 8443);
  EXPECT_EQ(config->listen_addresses, (std::vector<std::string>{"0.0.0.0", "::"}));
  EXPECT_EQ(config->admin_hosts, (std::vector<std::string>{"admin.example", "localhost", "127.0.0.1"}));
  EXPECT_TRUE(config->trusted_proxies.empty());
  EXPECT_TRUE(config->proxy_protocol_peers.empty());
  EXPECT_EQ(config->client_connections_max, 100U);
  EXPECT_EQ(config->workers, 3U);
  EXPECT_EQ(config->log_level, base::LogLevel::warn);
  EXPECT_EQ(config->access_log, "");
  EXPECT_EQ(config->acme_directory_url, "https://acme.example/directory");
  EXPECT_TRUE(config->acme_external_accounts.empty());
  EXPECT_TRUE(config->acme_rate_limits.empty());
  EXPECT_EQ(config->cert_key_type, crypto::KeyType::ec_p256);
  EXPECT_EQ(config->acme_poll_interval, std::chrono::seconds(2));
  EXPECT_EQ(config->acme_poll_attempts_max, 60);
  EXPECT_EQ(config->renewal_check_interval, std::chrono::hours(24));
  EXPECT_EQ(config->renewal_threshold, std::chrono::days(30));
}

TEST(Config, HasNoDefaultForAnyVariable) {
  const auto none = read({});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().size(), good().size()) << "one sentence for each";
  for (const auto& [name, value] : good()) {
    Variables variables = good();
    variables.erase(name);
    const auto config = read(variables);
    ASSERT_FALSE(config) << name;
    EXPECT_EQ(config.error(), std::vector<std::string>{name + " is not set"});
  }
}

TEST(Config, TakesNetworks) {
  Variables variables = good();
  variables["TRUSTED_PROXIES"] = "10.0.0.0/8, ::1";
  variables["PROXY_PROTOCOL_PEERS"] = "192.0.2.1";
  const auto config = read(variables);
  ASSERT_TRUE(config) << config.error().front();
  EXPECT_TRUE(config->trusted_proxies.contains(boost::asio::ip::make_address("10.1.2.3")));
  EXPECT_TRUE(config->proxy_protocol_peers.contains(boost::asio::ip::make_address("192.0.2.1")));
}

TEST(Config, RefusesEveryEmptyValueButABundle) {
  for (const auto& [name, value] : good()) {
    // Nothing but public addresses is a choice, too.
    if (value.empty() || name == "UPSTREAM_ALLOWED") continue;
    Variables variables = good();
    variables[name] = "";
    const auto config = read(variables);
    ASSERT_FALSE(config) << name;
    EXPECT_EQ(config.error(), std::vector<std::string>{name + " is empty"});
  }
}

TEST(Config, RefusesEveryMalformedValue) {
  const std::multimap<std::string, std::string> bad = {
      {"REDIS_URL", "http://redis"},
      {"REDIS_URL", "redis"},
      {"REDIS_URL", "redis://redis:0"},
      {"REDIS_CA_BUNDLE", "/no/such/file.pem"},
      {"REDIS_CA_BUNDLE", "/"},
      {"TRUSTED_PROXIES", "10.0.0.1/8"},
      {"PROXY_PROTOCOL_PEERS", "localhost"},
      {"CLIENT_CONNECTIONS_MAX", "1000001"},
      {"HTTP_PORT", "0"},
      {"HTTP_PORT", "65536"},
      {"HTTP_PORT", "-1"},
      {"HTTP_PORT", "80 "},
      {"HTTP_PORT", "http"},
      {"HTTPS_PORT", "0x1bb"},
      {"HTTPS_PORT", "8080"},  // the same as HTTP_PORT
      {"LISTEN_ADDRESSES", "localhost"},
      {"LISTEN_ADDRESSES", "0.0.0.0:80"},
      {"LISTEN_ADDRESSES", " , ,"},
      {"ADMIN_HOSTS", "https://admin.example"},
      {"ADMIN_HOSTS", "admin.example:443"},
      {"ADMIN_HOSTS", ","},
      {"WORKERS", "1025"},
      {"WORKERS", "two"},
      {"WORKERS", "99999999999999999999"},
      {"LOG_LEVEL", "verbose"},
      {"LOG_LEVEL", "INFO"},
      {"UPSTREAM_ALLOWED", "public"},
      {"UPSTREAM_ALLOWED", "private loopback"},
      {"UPSTREAM_ALLOWED", "Private"},
      {"ACME_DIRECTORY_URL", "http://acme.example/directory"},
      {"ACME_DIRECTORY_URL", "acme.example"},
      {"ACME_CA_BUNDLE", "/no/such/file.pem"},
      {"ACME_EAB", "acme.example"},
      {"ACME_EAB", "acme.example=kid:c2hvcnQ"},
      {"ACME_RATE_LIMITS", "acme.example"},
      {"ACME_RATE_LIMITS", "acme.example orders=5"},
      {"CERT_KEY_TYPE", "rsa"},
      {"CERT_KEY_TYPE", "rsa1024"},
      {"CERT_KEY_TYPE", "RSA2048"},
      {"ACME_POLL_INTERVAL_SECONDS", "0"},
      {"ACME_POLL_INTERVAL_SECONDS", "2.5"},
      {"ACME_POLL_MAX_ATTEMPTS", "0"},
      {"ACME_POLL_MAX_ATTEMPTS", "10001"},
      {"RENEWAL_CHECK_INTERVAL", "0"},
      {"RENEWAL_CHECK_INTERVAL", "2592001"},
      {"RENEWAL_THRESHOLD_DAYS", "0"},
      {"RENEWAL_THRESHOLD_DAYS", "366"},
  };
  for (const auto& [name, value] : bad) {
    Variables variables = good();
    variables[name] = value;
    const auto config = read(variables);
    ASSERT_FALSE(config) << name << "=" << value;
    ASSERT_EQ(config.error().size(), 1U) << name << "=" << value;
    EXPECT_TRUE(config.error().front().starts_with(name + " ")) << config.error().front();
  }
}

TEST(Config, ListsAllThatIsWrongAtOnce) {
  Variables variables = good();
  variables.erase("REDIS_URL");
  variables["HTTP_PORT"] = "x";
  variables["LISTEN_ADDRESSES"] = "0.0.0.0,here,there";
  variables["LOG_LEVEL"] = "";
  const auto config = read(variables);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().size(), 5U) << "both addresses are named";
}

TEST(Config, TakesExternalAccounts) {
  Variables variables = good();
  variables["ACME_EAB"] =
      "acme.example=kid-1:AAECAwQFBgcICQoLDA0ODw, other.example:8443=kid-2:AAECAwQFBgcICQoLDA0ODw==";
  const auto config = read(variables);
  ASSERT_TRUE(config) << config.error().front();
  ASSERT_EQ(config->acme_external_accounts.size(), 2U);
  EXPECT_EQ(config->acme_external_accounts[1].authority, "other.example:8443");
  EXPECT_EQ(config->acme_external_accounts[1].kid, "kid-2");
}

TEST(Config, TakesTheLimitsOfCas) {
  Variables variables = good();
  variables["ACME_RATE_LIMITS"] = "acme.example orders=300/10800; other.example failures=5/3600";
  const auto config = read(variables);
  ASSERT_TRUE(config) << config.error().front();
  EXPECT_EQ(config->acme_rate_limits.at("acme.example").at(acme::LimitKind::orders).count, 300U);
  EXPECT_EQ(config->acme_rate_limits.at("other.example").at(acme::LimitKind::failures).window,
            std::chrono::hours(1));
}

TEST(Config, TakesFiveKindsOfKeys) {
  Variables variables = good();
  for (const auto type : {crypto::KeyType::rsa2048, crypto::KeyType::rsa3072, crypto::KeyType::rsa4096,
                          crypto::KeyType::ec_p256, crypto::KeyType::ec_p384}) {
    variables["CERT_KEY_TYPE"] = crypto::to_string(type);
    EXPECT_EQ(read(variables).value().cert_key_type, type);
  }
}

TEST(Config, NeverRepeatsThePasswordOfRedis) {
  Variables variables = good();
  variables["REDIS_URL"] = "redis://:hunter2@redis:99999/x";
  const auto config = read(variables);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().front().find("hunter2"), std::string::npos) << config.error().front();
}

TEST(Config, KnowsWhatNoUpstreamMayBe) {
  Variables variables = good();
  auto policy = read(variables).value().address_policy;
  EXPECT_TRUE(policy.private_networks && policy.loopback);
  EXPECT_FALSE(policy.unix_sockets);
  EXPECT_EQ(policy.listen_addresses.size(), 2U);
  EXPECT_EQ(policy.listen_ports, (std::vector<std::uint16_t>{8080, 8443}));
  EXPECT_EQ(policy.store.to_string(), "redis:6380");
  variables["UPSTREAM_ALLOWED"] = "";
  policy = read(variables).value().address_policy;
  EXPECT_FALSE(policy.private_networks || policy.loopback || policy.unix_sockets);
  variables["UPSTREAM_ALLOWED"] = "unix";
  EXPECT_TRUE(read(variables).value().address_policy.unix_sockets);
}

TEST(Config, MakesAWorkerPerCoreOfNoNumber) {
  Variables variables = good();
  variables["WORKERS"] = "0";
  const auto config = read(variables);
  ASSERT_TRUE(config);
  EXPECT_GE(config->workers, 1U);
}

TEST(Config, TakesTheFourLogLevels) {
  Variables variables = good();
  for (const auto& [text, level] : std::map<std::string, base::LogLevel>{{"debug", base::LogLevel::debug},
                                                                         {"info", base::LogLevel::info},
                                                                         {"warn", base::LogLevel::warn},
                                                                         {"error", base::LogLevel::error}}) {
    variables["LOG_LEVEL"] = text;
    EXPECT_EQ(read(variables).value().log_level, level) << text;
  }
}

TEST(Config, ReadsTheEnvironment) {
  ASSERT_EQ(setenv("CARDEA_CONFIG_TEST", "", 1), 0);
  EXPECT_EQ(read_environment("CARDEA_CONFIG_TEST"), "");
  ASSERT_EQ(unsetenv("CARDEA_CONFIG_TEST"), 0);
  EXPECT_EQ(read_environment("CARDEA_CONFIG_TEST"), std::nullopt);
}

}  // namespace
}  // namespace cardea::server
