#include "metrics/access_line.h"

#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace cardea::metrics {
namespace {

using namespace std::chrono_literals;

class AccessLine : public testing::Test {
 protected:
  std::string line() const {
    std::vector<char> out(base::kAccessLineBytesMax);
    return {out.data(), write_access_line(record_, out)};
  }
  // As a reader of the log sees it.
  std::string value(std::string_view key) const {
    const std::string text = line();
    EXPECT_EQ(text.find('\n'), text.size() - 1) << "one line";
    return std::string(boost::json::parse(text).at(key).as_string());
  }

  AccessRecord record_{.time = std::chrono::sys_days{2026y / 11 / 25} + 5h + 38min + 11s + 7ms,
                       .request_id = "0123456789abcdef0123456789abcdef",
                       .client = "192.0.2.1",
                       .host = "www.example.com",
                       .method = "GET",
                       .path = "/",
                       .protocol = "HTTP/1.1",
                       .status = 200,
                       .response_bytes = 300,
                       .duration = 1234567ns};
};

TEST_F(AccessLine, SaysWhatEveryRequestHas) {
  EXPECT_EQ(line(), R"({"time":"2026-11-25T05:38:11.007Z","request_id":"0123456789abcdef0123456789abcdef",)"
                    R"("client":"192.0.2.1","host":"www.example.com","method":"GET","path":"/",)"
                    R"("protocol":"HTTP/1.1","tls":"","status":200,"request_bytes":0,"response_bytes":300,)"
                    R"("duration_ms":1.234})"
                    "\n");
}

TEST_F(AccessLine, SaysWhatOnlySomeHave) {
  record_.tls = "TLSv1.3";
  record_.upstream = "127.0.0.1:8080";
  record_.upstream_reused = true;
  record_.upstream_first_byte = 999us;
  record_.mcp_method = "tools/call";
  record_.mcp_name = "get_weather";
  record_.error = "timeout (upstream): the upstream did not answer in time";
  record_.aborted = "client";
  const std::string text = line();
  EXPECT_EQ(text.substr(text.find("\"tls\"")),
            R"("tls":"TLSv1.3","status":200,"request_bytes":0,"response_bytes":300,"duration_ms":1.234,)"
            R"("upstream":"127.0.0.1:8080","upstream_reused":true,"upstream_first_byte_ms":0.999,)"
            R"("mcp_method":"tools/call","mcp_name":"get_weather",)"
            R"("error":"timeout (upstream): the upstream did not answer in time","aborted":"client"})"
            "\n");
}

TEST_F(AccessLine, DoesWithoutAFirstByteThatNeverCame) {
  record_.upstream = "127.0.0.1:8080";
  EXPECT_TRUE(line().contains(R"("upstream":"127.0.0.1:8080","upstream_reused":false})"));
}

TEST_F(AccessLine, WritesTheTimeOfEachLine) {
  EXPECT_EQ(value("time"), "2026-11-25T05:38:11.007Z");
  record_.time += 992ms;
  EXPECT_EQ(value("time"), "2026-11-25T05:38:11.999Z");
  record_.time += 1ms;
  EXPECT_EQ(value("time"), "2026-11-25T05:38:12.000Z");
  record_.time -= 2ms;
  EXPECT_EQ(value("time"), "2026-11-25T05:38:11.998Z") << "a long request is written after later ones";
  record_.time = std::chrono::sys_days{2028y / 2 / 29} + 23h + 59min + 59s + 999ms + 999us;
  EXPECT_EQ(value("time"), "2028-02-29T23:59:59.999Z") << "cut, not rounded";
  record_.time += 1us;
  EXPECT_EQ(value("time"), "2028-03-01T00:00:00.000Z");
}

TEST_F(AccessLine, EscapesWhatJsonMustNotHold) {
  struct Case {
    std::string_view given;
    std::string_view written;
  };
  const std::vector<Case> cases = {
      {"/plain", "/plain"},
      {"\"", "\\\""},
      {"\\", "\\\\"},
      {"a\"b\\c\"", "a\\\"b\\\\c\\\""},
      {{"\0", 1}, "\\u0000"},
      {"\n{\"status\":200}", "\\u000a{\\\"status\\\":200}"},
      {"\r\t\x1f\x7f", "\\u000d\\u0009\\u001f\\u007f"},
      {"/caf\xc3\xa9/\xe2\x82\xac/\xf0\x9f\x98\x80", "/caf\xc3\xa9/\xe2\x82\xac/\xf0\x9f\x98\x80"},
      {"\xff", "\xef\xbf\xbd"},
      {"a\xc3", "a\xef\xbf\xbd"},                                // a character that breaks off
      {"\x80z", "\xef\xbf\xbdz"},                                // the rest of one
      {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                  // an overlong "/"
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},  // a surrogate
  };
  for (const auto& [given, written] : cases) {
    record_.path = given;
    EXPECT_TRUE(line().contains("\"path\":\"" + std::string(written) + "\",")) << line();
    EXPECT_NO_THROW(value("path"));
  }
}

TEST_F(AccessLine, CutsLongValues) {
  const std::string exact(base::kAccessPathBytesMax - 3, 'a');
  const std::string longer = exact + "b";
  record_.path = exact;
  EXPECT_EQ(value("path"), exact);
  record_.path = longer;
  EXPECT_EQ(value("path"), exact + "…");
}

TEST_F(AccessLine, CutsBetweenCharacters) {
  for (std::size_t before = 0; before < 8; ++before) {
    for (const std::string_view repeated : {"\"", "\x01", "\xe2\x82\xac", "\xff", "\xf0\x9f\x98\x80"}) {
      std::string host(before, 'a');
      for (std::size_t i = 0; i < base::kAccessNameBytesMax; ++i) host.append(repeated);
      record_.host = host;
      const std::string cut = value("host");
      EXPECT_TRUE(cut.ends_with("…")) << cut;
      EXPECT_LE(cut.size(), base::kAccessNameBytesMax);
    }
  }
}

TEST_F(AccessLine, FitsWhateverItHolds) {
  const std::string worst(10'000, '\x01');
  record_ = {.time = record_.time,
             .request_id = worst,
             .client = worst,
             .host = worst,
             .method = worst,
             .path = worst,
             .protocol = worst,
             .tls = worst,
             .status = 999,
             .request_bytes = UINT64_MAX,
             .response_bytes = UINT64_MAX,
             .duration = std::chrono::nanoseconds::max(),
             .upstream = worst,
             .upstream_first_byte = std::chrono::nanoseconds::max(),
             .upstream_reused = false,
             .mcp_method = worst,
             .mcp_name = worst,
             .error = worst,
             .aborted = worst};
  EXPECT_LE(line().size(), base::kAccessLineBytesMax);
  EXPECT_NO_THROW(value("path"));
}

TEST_F(AccessLine, ShowsNoNegativeTime) {
  record_.duration = -5ms;
  EXPECT_TRUE(line().contains("\"duration_ms\":0.000}"));
}

}  // namespace
}  // namespace cardea::metrics
