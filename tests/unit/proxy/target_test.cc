#include "proxy/target.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "proxy/target_url.h"

namespace cardea::proxy {
namespace {

store::TargetRecord record_to(std::string url) {
  store::TargetRecord record;
  record.hostname = "www.example.com";
  record.target_url = std::move(url);
  return record;
}

base::Result<Target> made(const store::TargetRecord& record) {
  UpstreamTrust trust;
  return Target::from_record(record, trust);
}

struct UrlCase {
  std::string_view url;
  std::string_view host;
  std::uint16_t port;
  std::string_view key;
  std::string_view upstream_host;
  std::string_view path_prefix;
};

TEST(Target, IsMadeOfAnHttpUrl) {
  constexpr std::array kCases = std::to_array<UrlCase>({
      {"http://backend", "backend", 80, "backend:80", "backend", ""},
      {"http://backend:8080/", "backend", 8080, "backend:8080", "backend:8080", ""},
      {"HTTP://Backend.Example./app/", "backend.example", 80, "backend.example:80", "backend.example",
       "/app"},
      {"http://127.0.0.1:3000/a/b", "127.0.0.1", 3000, "127.0.0.1:3000", "127.0.0.1:3000", "/a/b"},
      {"http://[::1]:3000", "::1", 3000, "[::1]:3000", "[::1]:3000", ""},
      {"http://backend//", "backend", 80, "backend:80", "backend", ""},
      {"ws://backend/chat", "backend", 80, "backend:80", "backend", "/chat"},
      {"https://backend/app", "backend", 443, "https://backend:443", "backend", "/app"},
      {"wss://backend:8443", "backend", 8443, "https://backend:8443", "backend:8443", ""},
      {"h2c://backend/app/", "backend", 80, "h2c://backend:80", "backend", "/app"},
      {"H2C://127.0.0.1:50051", "127.0.0.1", 50051, "h2c://127.0.0.1:50051", "127.0.0.1:50051", ""},
  });
  for (const UrlCase& expected : kCases) {
    const auto target = made(record_to(std::string(expected.url)));
    ASSERT_TRUE(target) << target.error().to_string();
    EXPECT_EQ(target->upstream.host, expected.host) << expected.url;
    EXPECT_EQ(target->upstream.port, expected.port) << expected.url;
    EXPECT_EQ(target->upstream_key, expected.key) << expected.url;
    EXPECT_EQ(target->upstream_host, expected.upstream_host) << expected.url;
    EXPECT_EQ(target->path_prefix, expected.path_prefix) << expected.url;
  }
}

TEST(Target, KnowsWhatTheUpstreamSpeaks) {
  EXPECT_EQ(made(record_to("http://backend"))->protocol, Protocol::http1);
  EXPECT_EQ(made(record_to("https://backend"))->protocol, Protocol::http1);
  EXPECT_EQ(made(record_to("unix:///run/app.sock"))->protocol, Protocol::http1);
  EXPECT_EQ(made(record_to("h2c://backend"))->protocol, Protocol::http2);
  store::TargetRecord record = record_to("h2c://backend");
  record.insecure_skip_verify = true;
  EXPECT_FALSE(made(record)) << "it is without TLS";
}

TEST(Target, RefusesOtherUrls) {
  for (const std::string_view url : {"",
                                     "backend:8080",
                                     "//backend",
                                     "http://",
                                     "http:///path",
                                     "ftp://backend",
                                     "h2://backend",
                                     "h2c://",
                                     "h2c:///run/app.sock",
                                     "h2c://user@backend",
                                     "h2c://backend/?query",
                                     "http://user:password@backend",
                                     "http://backend/?query",
                                     "http://backend?query",
                                     "http://backend/#fragment",
                                     "http://back end",
                                     "http://backend:0",
                                     "http://backend:65536",
                                     "http://-backend",
                                     "http://[::1",
                                     "http://backend/\r\nX-Smuggled: 1",
                                     "http://backend/caf\xc3\xa9",
                                     "unix://",
                                     "unix://run/app.sock",
                                     "unix:///run/../app.sock",
                                     "unix:///..",
                                     "unix:///run/",
                                     "unix:///run/app.sock:prefix",
                                     "unix:///run/app.sock:",
                                     "unix:///run/app.sock?x",
                                     "unix:///run/app.sock:/a?b",
                                     "unix:///run/app.sock:/a b"}) {
    const auto checked = parse_target_url(url);
    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().code, base::ErrorCode::invalid) << url;
    EXPECT_TRUE(checked.error().context.starts_with("target_url")) << checked.error().context;
    EXPECT_FALSE(made(record_to(std::string(url)))) << url;
  }
}

TEST(Target, RefusesAHostnameThatIsNotCanonical) {
  store::TargetRecord record = record_to("http://backend");
  for (const char* name : {"", ".", "WWW.example.com", "www.example.com.",
                           "b\xc3\xbc"
                           "cher.example",
                           "a b"}) {
    record.hostname = name;
    const auto target = made(record);
    ASSERT_FALSE(target) << name;
    EXPECT_EQ(target.error().code, base::ErrorCode::invalid) << name;
  }
}

TEST(Target, IsMadeOfAUnixSocket) {
  struct UnixCase {
    std::string_view url, path, prefix;
  };
  const std::string longest = "/" + std::string(106, 's');
  for (const auto& [url, path, prefix] : std::to_array<UnixCase>({
           {"unix:///run/app.sock", "/run/app.sock", ""},
           {"unix:///run/app.sock:/", "/run/app.sock", ""},
           {"unix:///run/app.sock:/api/v1/", "/run/app.sock", "/api/v1"},
           {"unix:///run/..app/a..b", "/run/..app/a..b", ""},
           {"unix:///run/app.sock:/a:b", "/run/app.sock", "/a:b"},
       })) {
    const auto target = made(record_to(std::string(url)));
    ASSERT_TRUE(target) << target.error().to_string();
    EXPECT_EQ(target->upstream.path, path) << url;
    EXPECT_EQ(target->upstream.host, "") << url;
    EXPECT_EQ(target->path_prefix, prefix) << url;
    EXPECT_EQ(target->upstream_key, "unix://" + std::string(path)) << url;
    EXPECT_EQ(target->upstream_host, "localhost") << url;
  }
  EXPECT_TRUE(made(record_to("unix://" + longest)));
  EXPECT_FALSE(made(record_to("unix://" + longest + "s")));
}

TEST(Target, TakesTheSwitchesOver) {
  store::TargetRecord record = record_to("http://backend");
  const auto usual = made(record).value();
  EXPECT_TRUE(usual.enabled && usual.enable_http && usual.enable_https);
  EXPECT_EQ(usual.host_header, HostHeader::preserve);
  record.enabled = record.enable_http = record.enable_https = record.preserve_host_header = false;
  const auto turned = made(record).value();
  EXPECT_FALSE(turned.enabled || turned.enable_http || turned.enable_https);
  EXPECT_EQ(turned.host_header, HostHeader::upstream);
}

TEST(Target, TakesCustomHeadersInTheirOrder) {
  store::TargetRecord record = record_to("http://backend");
  record.custom_headers = {{"X-B", "2"}, {"X-A", ""}, {"Authorization", "Bearer caf\xc3\xa9"}};
  EXPECT_EQ(made(record).value().custom_headers, record.custom_headers);
}

TEST(Target, RefusesCustomHeadersThatAreNoneOrAreOurs) {
  const std::vector<std::pair<std::string, std::string>> headers = {
      {"", "x"},
      {"two words", "x"},
      {"X-Name:", "x"},
      {"X\r\nY", "x"},
      {"X-Value", "a\r\nX-Smuggled: 1"},
      {"X-Value", std::string("a\0b", 3)},
      {"Host", "x"},
      {"content-LENGTH", "1"},
      {"Expect", "100-continue"},
      {"Via", "x"},
      {"Connection", "close"},
      {"Transfer-Encoding", "chunked"},
      {"Upgrade", "x"},
      {"TE", "trailers"},
      {"Trailer", "x"},
      {"Keep-Alive", "x"},
      {"Proxy-Authorization", "x"},
  };
  for (const auto& header : headers) {
    const auto faults = custom_header_faults({{"X-Good", "1"}, header});
    ASSERT_EQ(faults.size(), 1) << header.first;
    EXPECT_TRUE(faults.front().starts_with("custom_headers")) << faults.front();
    EXPECT_EQ(faults.front().find("Smuggled"), std::string::npos) << "a value may be a secret";
    store::TargetRecord record = record_to("http://backend");
    record.custom_headers = {{"X-Good", "1"}, header};
    EXPECT_FALSE(made(record)) << header.first;
  }
}

TEST(Target, LimitsTheCustomHeadersOfARequest) {
  Headers headers;
  for (int i = 0; i < 32; ++i) headers.emplace_back("X-" + std::to_string(i), "v");
  const std::size_t used = 10 * 4 + 22 * 5;  // "X-0v" to "X-31v"
  store::TargetRecord record = record_to("http://backend");
  record.custom_headers = headers;
  record.custom_headers.back().second.assign(8192 - used + 1, 'v');
  EXPECT_EQ(custom_header_faults(record.custom_headers), std::vector<std::string>{});
  EXPECT_TRUE(made(record));
  record.custom_headers.back().second += 'v';
  EXPECT_EQ(custom_header_faults(record.custom_headers),
            std::vector<std::string>{
                "custom_headers: their names and values would have 8193 bytes, 8192 is the most"});
  EXPECT_FALSE(made(record));
  record.custom_headers = headers;
  record.custom_headers.emplace_back("X-32", "v");
  EXPECT_EQ(custom_header_faults(record.custom_headers),
            std::vector<std::string>{"custom_headers: they would be 33, 32 is the most"});
  EXPECT_FALSE(made(record));
}

TEST(Target, LimitsTheUrl) {
  const std::string longest = "http://backend/" + std::string(2048 - 15, 'p');
  EXPECT_TRUE(made(record_to(longest)));
  const auto refused = parse_target_url(longest + "p");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().context.find("2048"), std::string::npos) << refused.error().context;
  EXPECT_LT(refused.error().context.size(), 200);
}

TEST(Target, ComparesNamesOfCustomHeadersWithoutCase) {
  const auto faults = custom_header_faults({{"X-Key", "1"}, {"X-Other", "2"}, {"x-kEY", "3"}});
  ASSERT_EQ(faults.size(), 1);
  EXPECT_TRUE(faults.front().starts_with("custom_headers: \"x-kEY\" is there twice")) << faults.front();
  // A record that is stored already stays served.
  store::TargetRecord record = record_to("http://backend");
  record.custom_headers = {{"X-Key", "1"}, {"X-Other", "2"}, {"x-kEY", "3"}};
  EXPECT_EQ(made(record).value().custom_headers, (Headers{{"X-Key", "1"}, {"X-Other", "2"}}));
}

TEST(Target, TakesNoSpaceAtAnEndOfACustomHeader) {
  for (const char* value : {" v", "v ", "\tv", "v\t", " ", "\t"}) {
    const auto faults = custom_header_faults({{"X-Key", value}});
    ASSERT_EQ(faults.size(), 1) << value;
    EXPECT_TRUE(faults.front().starts_with("custom_headers: \"X-Key\" has a space or tab")) << faults.front();
    // A record that is stored already stays served.
    store::TargetRecord record = record_to("http://backend");
    record.custom_headers = {{"X-Key", value}};
    EXPECT_EQ(made(record).value().custom_headers, (Headers{{"X-Key", std::string(base::trim(value))}}));
  }
  EXPECT_EQ(custom_header_faults({{"X-Key", "a b\tc"}, {"X-Empty", ""}}), std::vector<std::string>{});
}

TEST(Target, TakesNamesThatAreNotPlainIfTheyAreNotOursOtherwise) {
  store::TargetRecord record = record_to("http://backend");
  record.underscore_headers = {"Some_Field", "_", "X_Api-Key", "App.Version", "a!b"};
  EXPECT_EQ(made(record).value().underscore_headers, record.underscore_headers);
  for (const char* name : {"", "two words_", "X\r\n_Y", "Some-Field", "X_Forwarded_For", "x-forwarded_PROTO",
                           "X_Real_IP", "Content_Length", "Transfer_Encoding", "X_Request-Id", "_Host_X\n",
                           "X.Forwarded.For", "X-Forwarded~User", "Content.Length", "X_Forwarded"}) {
    const auto refused = check_underscore_headers({"Some_Field", name}, {});
    ASSERT_FALSE(refused) << name;
    EXPECT_TRUE(refused.error().context.starts_with("underscore_headers")) << refused.error().context;
    record.underscore_headers = {"Some_Field", name};
    EXPECT_EQ(made(record).value().underscore_headers, std::vector<std::string>{"Some_Field"}) << name;
  }
  record.underscore_headers.assign(21, "Some_Field");
  EXPECT_FALSE(made(record)) << "each is looked for in every request";
  EXPECT_FALSE(check_underscore_headers(record.underscore_headers, {}));
}

TEST(Target, LetsNoNamePassThatAnUpstreamMayTakeForACustomHeader) {
  store::TargetRecord record = record_to("http://backend");
  record.custom_headers = {{"X-Other", "1"}, {"X-Api-Key", "secret"}};
  for (const char* name : {"X_Api_Key", "x_api-KEY", "X.Api.Key"}) {
    record.underscore_headers = {"Some_Field", name};
    const auto refused = check_underscore_headers(record.underscore_headers, record.custom_headers);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().context, "underscore_headers: \"" + std::string(name) +
                                           "\" would be taken for \"X-Api-Key\", which custom_headers sets");
    // A record that is stored already stays served, without that name.
    EXPECT_EQ(made(record).value().underscore_headers, std::vector<std::string>{"Some_Field"});
    EXPECT_EQ(made(record).value().custom_headers, record.custom_headers);
  }
  EXPECT_TRUE(check_underscore_headers({"X_Api_Keys", "XApi_Key"}, record.custom_headers));
}

}  // namespace
}  // namespace cardea::proxy
