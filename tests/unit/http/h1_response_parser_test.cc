#include "http/h1_response_parser.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace cardea::http {
namespace {

struct Parsed {
  ResponseHead head;
  std::expected<std::size_t, ParseError> result = std::size_t{0};
};

Parsed parse(std::string_view bytes, Method request_method = Method::get) {
  Parsed parsed;
  parsed.result = parse_response_head(bytes, request_method, parsed.head);
  return parsed;
}

TEST(H1ResponseParser, ReadsStatusLineAndRepeatedFields) {
  const std::string bytes =
      "HTTP/1.1 404 Not Found\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 3\r\n\r\nabc";
  const Parsed parsed = parse(bytes);
  ASSERT_TRUE(parsed.result);
  EXPECT_EQ(*parsed.result, bytes.size() - 3);
  EXPECT_EQ(parsed.head.status, 404);
  EXPECT_EQ(parsed.head.reason, "Not Found");
  EXPECT_EQ(parsed.head.fields.count("set-cookie"), 2U);
  EXPECT_EQ(parsed.head.body.kind, Framing::length);
  EXPECT_EQ(parsed.head.body.length, 3U);
  EXPECT_TRUE(parsed.head.keep_alive);
}

TEST(H1ResponseParser, RefusesBadStatusLinesAsBadGateway) {
  const std::vector<std::pair<std::string, bool>> cases = {
      {"HTTP/1.1 200 OK", true},       {"HTTP/1.1 200 ", true},
      {"HTTP/1.1 200", true},          {"HTTP/1.0 200 OK", true},
      {"HTTP/1.9 999 \xc3\xa9", true}, {"HTTP/1.1 099 x", false},
      {"HTTP/1.1 20 OK", false},       {"HTTP/1.1 2000 OK", false},
      {"HTTP/1.1 20x OK", false},      {"HTTP/1.1  200 OK", false},
      {"HTTP/1.1 200\tOK", false},     {"HTTP/1.1 200OK", false},
      {"HTTP/1.1 -20 OK", false},      {"HTTP/2.0 200 OK", false},
      {"HTTP/1.x 200 OK", false},      {"http/1.1 200 OK", false},
      {"ICY 200 OK", false},           {"HTTP/1.1 200 O\rK", false},
      {"HTTP/1.1 200 O\x01K", false},  {"", false},
  };
  for (const auto& [line, good] : cases) {
    const Parsed parsed = parse(line + "\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(parsed.result.has_value(), good) << line;
    if (!parsed.result) EXPECT_EQ(parsed.result.error().status, 502);
  }
}

TEST(H1ResponseParser, DecidesTheFramingOrRefuses) {
  struct Case {
    std::string fields;
    bool good;
    Framing kind = Framing::none;
    bool keep_alive = true;
  };
  const std::vector<Case> cases = {
      {"", true, Framing::until_close, false},
      {"Connection: keep-alive\r\n", true, Framing::until_close, false},
      {"Content-Length: 5\r\n", true, Framing::length},
      {"Content-Length: 5\r\nConnection: close\r\n", true, Framing::length, false},
      {"Content-Length: 5, 5\r\n", false},
      {"Content-Length: 5\r\nContent-Length: 5\r\n", false},
      {"Transfer-Encoding: Chunked\r\n", true, Framing::chunked},
      {"Content-Length: 5\r\nContent-Length: 6\r\n", false},
      {"Content-Length: x\r\n", false},
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", false},
      {"Transfer-Encoding: gzip\r\n", false},
      {"Transfer-Encoding: gzip, chunked\r\n", false},
      {"Transfer-Encoding: chunked, gzip\r\n", false},
      {"A: b\r\n c\r\n", false},
      {"A : b\r\n", false},
      {"A: b\n", false},
      {"A: b\rC: d\r\n", false},
      {std::string("A: b\0\r\n", 7), false},
  };
  for (const Case& c : cases) {
    const Parsed parsed = parse("HTTP/1.1 200 OK\r\n" + c.fields + "\r\n");
    ASSERT_EQ(parsed.result.has_value(), c.good) << c.fields;
    if (!parsed.result) {
      EXPECT_EQ(parsed.result.error().status, 502);
      continue;
    }
    EXPECT_EQ(parsed.head.body.kind, c.kind) << c.fields;
    EXPECT_EQ(parsed.head.keep_alive, c.keep_alive) << c.fields;
  }
  EXPECT_FALSE(parse("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").result);
}

TEST(H1ResponseParser, KnowsWhichResponsesHaveNoBody) {
  struct Case {
    std::string status;
    Method method;
  };
  const std::vector<Case> cases = {{"200", Method::head}, {"304", Method::get}, {"304", Method::head}};
  for (const Case& c : cases) {
    const std::string bytes = "HTTP/1.1 " + c.status + " x\r\nContent-Length: 5\r\n\r\n";
    const Parsed parsed = parse(bytes, c.method);
    ASSERT_TRUE(parsed.result);
    EXPECT_EQ(parsed.head.body.kind, Framing::none) << c.status;
    EXPECT_TRUE(parsed.head.keep_alive) << c.status;
    EXPECT_EQ(parsed.head.fields.find("content-length"), "5");
    const std::string twice = "HTTP/1.1 " + c.status + " x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n";
    EXPECT_FALSE(parse(twice, c.method).result) << c.status;
  }
  EXPECT_TRUE(parse("HTTP/1.1 304 Not Modified\r\n\r\n").head.keep_alive);
}

TEST(H1ResponseParser, RefusesABodyThatIsAnnouncedWhereNoneCanBe) {
  for (const std::string status : {"100", "101", "103", "199", "204"}) {
    for (const Method method : {Method::get, Method::head, Method::post}) {
      const auto parse_with = [&](const std::string& field) {
        return parse("HTTP/1.1 " + status + " x\r\n" + field + "\r\n", method);
      };
      for (const char* bad :
           {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip\r\n"}) {
        const Parsed parsed = parse_with(bad);
        ASSERT_FALSE(parsed.result) << status << bad;
        EXPECT_EQ(parsed.result.error().status, 502);
      }
      for (const char* good : {"", "Content-Length: 0\r\n"}) {
        const Parsed parsed = parse_with(good);
        ASSERT_TRUE(parsed.result) << status << good;
        EXPECT_EQ(parsed.head.body.kind, Framing::none);
        EXPECT_TRUE(parsed.head.keep_alive);
      }
    }
  }
}

std::string commas(std::size_t count) {
  return std::string(count, ',');
}

TEST(H1ResponseParser, BoundsTheOptionsOfConnection) {
  const std::size_t most = base::kConnectionOptionsMax;
  const auto accepts = [](const std::string& fields) {
    return parse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + fields + "\r\n").result.has_value();
  };
  EXPECT_TRUE(accepts("Connection: " + commas(most - 1) + "\r\n"));
  EXPECT_FALSE(accepts("Connection: " + commas(most) + "\r\n"));
  EXPECT_FALSE(accepts("Connection: " + commas(most - 1) + "\r\nconnection: close\r\n"));
}

TEST(H1ResponseParser, KeepsHttp10ConnectionsOnlyWhenAsked) {
  EXPECT_FALSE(parse("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(
      parse("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
}

TEST(H1ResponseParser, ReadsTheTimeThatKeepAliveAnnounces) {
  using std::chrono::seconds;
  struct Case {
    std::string fields;
    std::optional<seconds> timeout;
  };
  const std::vector<Case> cases = {
      {"", {}},
      {"Keep-Alive: timeout=5\r\n", seconds(5)},
      {"Connection: keep-alive\r\nkeep-alive:Timeout=5\r\n", seconds(5)},
      {"Keep-Alive: timeout=5, max=100\r\n", seconds(5)},
      {"Keep-Alive: max=100,timeout=5\r\n", seconds(5)},
      {"Keep-Alive: max=1\r\n", {}},
      {"Keep-Alive: timeout=0\r\n", seconds(0)},
      {"Keep-Alive: timeout=4294967295\r\n", seconds(4294967295)},
      {"Keep-Alive: timeout=4294967296\r\n", {}},
      {"Keep-Alive: timeout=18446744073709551617\r\n", {}},
      {"Keep-Alive: timeout=-1\r\n", {}},
      {"Keep-Alive: timeout=+1\r\n", {}},
      {"Keep-Alive: timeout=1.5\r\n", {}},
      {"Keep-Alive: timeout=1s\r\n", {}},
      {"Keep-Alive: timeout=\"1\"\r\n", {}},
      {"Keep-Alive: timeout=\r\n", {}},
      {"Keep-Alive: timeout\r\n", {}},
      {"Keep-Alive: timeout = 1\r\n", {}},
      {"Keep-Alive: xtimeout=1\r\n", {}},
      {"Keep-Alive: 1\r\n", {}},
      {"Keep-Alive:\r\n", {}},
      {"Keep-Alive: timeout=1, timeout=1\r\n", {}},
      {"Keep-Alive: timeout=1, timeout=x\r\n", {}},
      {"Keep-Alive: timeout=x, timeout=1\r\n", {}},
      {"Keep-Alive: timeout=1\r\nKeep-Alive: timeout=1\r\n", {}},
      {"Keep-Alive: timeout=1\r\nKeep-Alive: timeout=1\r\nKeep-Alive: timeout=1\r\n", {}},
      {"Keep-Alive: timeout=1\r\nKeep-Alive: max=1\r\n", {}},
      {"Keep-Alives: timeout=1\r\n", {}},
  };
  for (const Case& c : cases) {
    const Parsed parsed = parse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + c.fields + "\r\n");
    ASSERT_TRUE(parsed.result) << c.fields;
    EXPECT_EQ(parsed.head.keep_alive_timeout, c.timeout) << c.fields;
    EXPECT_TRUE(parsed.head.keep_alive) << c.fields;
  }
}

TEST(H1ResponseParser, GivesTheSameResultHoweverTheBytesAreSplit) {
  const std::vector<std::string> inputs = {
      "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
      "HTTP/1.1 200\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
      "HTTP/1.1 2 OK\r\nA: b\nC: d\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
  };
  for (const std::string& input : inputs) {
    const Parsed whole = parse(input);
    for (std::size_t cut = 1; cut < input.size(); ++cut) {
      ResponseHead head;
      auto parsed = parse_response_head(std::string_view(input).substr(0, cut), Method::get, head);
      if (parsed == 0U) parsed = parse_response_head(input, Method::get, head, cut);
      EXPECT_EQ(parsed, whole.result) << input << " cut at " << cut;
    }
  }
}

TEST(H1ResponseParser, RefusesAtOnceWhatIsNoHttp) {
  EXPECT_FALSE(parse("SSH-2.0-OpenSSH").result);
  EXPECT_EQ(parse("HTT").result, 0U);
}

TEST(H1ResponseParser, BoundsTheHead) {
  std::string fields;
  for (std::size_t i = 0; i <= base::kFieldsMax; ++i) fields += "A: b\r\n";
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\n" + fields + "\r\n").result.error().status, 502);
  const std::string large = "HTTP/1.1 200 OK\r\nA: " + std::string(base::kHeadBytesMax, 'x');
  EXPECT_EQ(parse(large).result.error().status, 502);
}

}  // namespace
}  // namespace cardea::http
