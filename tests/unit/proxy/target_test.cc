#include "proxy/target.h"

#include <gtest/gtest.h>

#include "proxy/target_url.h"

namespace cardea::proxy {
namespace {

store::TargetRecord record_to(std::string url) {
  store::TargetRecord record;
  record.hostname = "www.example.com";
  record.target_url = std::move(url);
  return record;
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
  constexpr std::array<UrlCase, 6> kCases = {{
      {"http://backend", "backend", 80, "backend:80", "backend", ""},
      {"http://backend:8080/", "backend", 8080, "backend:8080", "backend:8080", ""},
      {"HTTP://Backend.Example./app/", "backend.example", 80, "backend.example:80", "backend.example",
       "/app"},
      {"http://127.0.0.1:3000/a/b", "127.0.0.1", 3000, "127.0.0.1:3000", "127.0.0.1:3000", "/a/b"},
      {"http://[::1]:3000", "::1", 3000, "[::1]:3000", "[::1]:3000", ""},
      {"http://backend//", "backend", 80, "backend:80", "backend", ""},
  }};
  for (const UrlCase& expected : kCases) {
    const auto target = Target::from_record(record_to(std::string(expected.url)));
    ASSERT_TRUE(target) << target.error().to_string();
    EXPECT_EQ(target->upstream.host, expected.host) << expected.url;
    EXPECT_EQ(target->upstream.port, expected.port) << expected.url;
    EXPECT_EQ(target->upstream_key, expected.key) << expected.url;
    EXPECT_EQ(target->upstream_host, expected.upstream_host) << expected.url;
    EXPECT_EQ(target->path_prefix, expected.path_prefix) << expected.url;
  }
}

TEST(Target, RefusesOtherUrls) {
  for (const std::string_view url :
       {"", "backend:8080", "//backend", "http://", "http:///path", "https://backend", "ftp://backend",
        "unix:///run/backend", "http://user:password@backend", "http://backend/?query",
        "http://backend?query", "http://backend/#fragment", "http://back end", "http://backend:0",
        "http://backend:65536", "http://-backend", "http://[::1", "http://backend/\r\nX-Smuggled: 1"}) {
    const auto checked = parse_target_url(url);
    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().code, base::ErrorCode::invalid) << url;
    EXPECT_TRUE(checked.error().context.starts_with("target_url")) << checked.error().context;
    EXPECT_FALSE(Target::from_record(record_to(std::string(url)))) << url;
  }
}

TEST(Target, TakesTheSwitchesOver) {
  store::TargetRecord record = record_to("http://backend");
  const auto usual = Target::from_record(record).value();
  EXPECT_TRUE(usual.enabled && usual.enable_http && usual.enable_https);
  EXPECT_EQ(usual.host_header, HostHeader::preserve);
  record.enabled = record.enable_http = record.enable_https = record.preserve_host_header = false;
  const auto turned = Target::from_record(record).value();
  EXPECT_FALSE(turned.enabled || turned.enable_http || turned.enable_https);
  EXPECT_EQ(turned.host_header, HostHeader::upstream);
}

TEST(Target, TakesCustomHeadersInTheirOrder) {
  store::TargetRecord record = record_to("http://backend");
  record.custom_headers = {{"X-B", "2"}, {"X-A", ""}, {"Authorization", "Bearer caf\xc3\xa9"}};
  EXPECT_EQ(Target::from_record(record).value().custom_headers, record.custom_headers);
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
    const auto checked = check_custom_header(header.first, header.second);
    ASSERT_FALSE(checked) << header.first;
    EXPECT_EQ(checked.error().code, base::ErrorCode::invalid);
    EXPECT_TRUE(checked.error().context.starts_with("custom_headers")) << checked.error().context;
    EXPECT_EQ(checked.error().context.find("Smuggled"), std::string::npos) << "a value may be a secret";
    store::TargetRecord record = record_to("http://backend");
    record.custom_headers = {{"X-Good", "1"}, header};
    EXPECT_FALSE(Target::from_record(record)) << header.first;
  }
}

}  // namespace
}  // namespace cardea::proxy
