#include "http/h1_request_parser.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace cardea::http {
namespace {

constexpr std::string_view kGet =
    "GET /path?q=1 HTTP/1.1\r\nHost: app.example.com\r\nAccept:  */* \t\r\nCookie: a=b\r\nCookie: "
    "c=\xc3\xa9\r\nEmpty:\r\n\r\n";

struct Parsed {
  RequestHead head;
  std::expected<std::size_t, ParseError> result = std::size_t{0};
};

Parsed parse(std::string_view bytes) {
  Parsed parsed;
  parsed.result = parse_request_head(bytes, parsed.head);
  return parsed;
}

int status_of(std::string_view bytes) {
  const Parsed parsed = parse(bytes);
  return parsed.result ? (*parsed.result == 0 ? 0 : 200) : parsed.result.error().status;
}

std::string with_fields(std::string_view fields) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

TEST(H1RequestParser, ReadsLineFieldsAndAuthority) {
  const Parsed parsed = parse(kGet);
  ASSERT_TRUE(parsed.result);
  EXPECT_EQ(*parsed.result, kGet.size());
  EXPECT_EQ(parsed.head.method, Method::get);
  EXPECT_EQ(parsed.head.method_text, "GET");
  EXPECT_EQ(parsed.head.target, "/path?q=1");
  EXPECT_EQ(parsed.head.authority, "app.example.com");
  EXPECT_EQ(parsed.head.version_minor, 1);
  EXPECT_EQ(parsed.head.body.kind, Framing::none);
  EXPECT_TRUE(parsed.head.keep_alive);
  EXPECT_FALSE(parsed.head.upgrade);
  EXPECT_FALSE(parsed.head.expects_continue);
  ASSERT_EQ(parsed.head.fields.size(), 5U);
  EXPECT_EQ(parsed.head.fields.find("accept"), "*/*");
  EXPECT_EQ(parsed.head.fields.count("cookie"), 2U);
  EXPECT_EQ(parsed.head.fields.find("Empty"), "");
}

TEST(H1RequestParser, LeavesBytesAfterTheHeadAlone) {
  const Parsed parsed = parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi\x01");
  ASSERT_TRUE(parsed.result);
  EXPECT_EQ(*parsed.result, 47U);
}

TEST(H1RequestParser, FillsAHeadAgainWithoutTracesOfTheFormerRequest) {
  RequestHead head;
  ASSERT_TRUE(
      parse_request_head("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: "
                         "100-continue\r\nConnection: close\r\n\r\n",
                         head));
  ASSERT_TRUE(parse_request_head("GET / HTTP/1.1\r\nHost: b\r\n\r\n", head));
  EXPECT_EQ(head.method, Method::get);
  EXPECT_EQ(head.target, "/");
  EXPECT_EQ(head.fields.size(), 1U);
  EXPECT_EQ(head.body.kind, Framing::none);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expects_continue);
}

TEST(H1RequestParser, GivesTheSameResultHoweverTheBytesAreSplit) {
  const std::vector<std::string> inputs = {
      std::string(kGet),
      "\r\nOPTIONS * HTTP/1.0\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n",
      "GET / HTTP/3.0\r\nHost: a\nA: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n",
      "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
  };
  for (const std::string& input : inputs) {
    const Parsed whole = parse(input);
    for (std::size_t cut = 1; cut < input.size(); ++cut) {
      RequestHead head;
      auto parsed = parse_request_head(std::string_view(input).substr(0, cut), head);
      if (parsed == 0U) parsed = parse_request_head(input, head, cut);
      EXPECT_EQ(parsed, whole.result) << input << " cut at " << cut;
      if (parsed) EXPECT_EQ(head.fields.size(), whole.head.fields.size());
    }
    RequestHead head;
    std::expected<std::size_t, ParseError> parsed = std::size_t{0};
    for (std::size_t size = 1; size <= input.size() && parsed == 0U; ++size) {
      parsed = parse_request_head(std::string_view(input).substr(0, size), head, size - 1);
    }
    EXPECT_EQ(parsed, whole.result) << input;
  }
}

TEST(H1RequestParser, WantsMoreUntilTheEmptyLine) {
  for (std::size_t size = 0; size < kGet.size(); ++size)
    EXPECT_EQ(status_of(kGet.substr(0, size)), 0) << size;
}

TEST(H1RequestParser, RefusesBadRequestLines) {
  const std::vector<std::pair<std::string, int>> cases = {
      {"GET / HTTP/1.1", 200},
      {"get / HTTP/1.1", 200},
      {"M-SEARCH / HTTP/1.1", 200},
      {"GET /\"<>\\^`{|} HTTP/1.1", 200},
      {"GET /%0 HTTP/1.1", 200},
      {"GET / HTTP/1.7", 200},
      {"GET  / HTTP/1.1", 400},
      {"GET /  HTTP/1.1", 400},
      {"GET / HTTP/1.1 ", 400},
      {" GET / HTTP/1.1", 400},
      {"GET\t/ HTTP/1.1", 400},
      {"GET / / HTTP/1.1", 400},
      {"GET /", 400},
      {"GET", 400},
      {"", 400},
      {"G(T / HTTP/1.1", 400},
      {"GET /a\tb HTTP/1.1", 400},
      {"GET /a#b HTTP/1.1", 400},
      {"GET /a%00b HTTP/1.1", 400},
      {"GET /%%00 HTTP/1.1", 400},
      {"GET /\xc3\xa9 HTTP/1.1", 400},
      {"GET /\x7f HTTP/1.1", 400},
      {std::string("GET /\0 HTTP/1.1", 15), 400},
      {"GET /\r HTTP/1.1", 400},
      {"GET / HTTP/1.1\r", 400},
      {"GET path HTTP/1.1", 400},
      {"GET * HTTP/1.1", 400},
      {"GET http HTTP/1.1", 400},
      {"GET https: HTTP/1.1", 400},
      {"OPTIONS * HTTP/1.1", 200},
      {"GET / http/1.1", 400},
      {"GET / HTTP/11", 400},
      {"GET / HTTP/1.10", 400},
      {"GET / HTTPS/1.1", 400},
      {"GET / HTTP/1.", 400},
      {"GET / HTTP/0.9", 505},
      {"GET / HTTP/2.0", 505},
      {"PRI * HTTP/2.0", 505},
      {"CONNECT a:443 HTTP/1.1", 501},
  };
  for (const auto& [line, status] : cases) {
    EXPECT_EQ(status_of(line + "\r\nHost: a\r\n\r\n"), status) << line;
  }
}

TEST(H1RequestParser, ToleratesOneEmptyLineBeforeTheRequest) {
  EXPECT_EQ(status_of("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
  EXPECT_EQ(status_of("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST(H1RequestParser, RefusesAtOnceWhatCannotBecomeARequest) {
  EXPECT_EQ(status_of("\x16\x03\x01"), 400);
  EXPECT_EQ(status_of("\rG"), 400);
  EXPECT_EQ(status_of("\r"), 0);
  EXPECT_EQ(status_of("GET / HTTP/1.1\n"), 400);
}

TEST(H1RequestParser, RefusesABareCrAtOnceWhereverASegmentEnds) {
  constexpr std::string_view kBytes = "GET / HTTP/1.1\r\nHost: a\r\n\rX";
  for (std::size_t scanned = 1; scanned < kBytes.size(); ++scanned) {
    RequestHead head;
    ASSERT_EQ(parse_request_head(kBytes.substr(0, scanned), head, 0), 0U) << scanned;
    EXPECT_FALSE(parse_request_head(kBytes, head, scanned)) << scanned;
  }
}

TEST(H1RequestParser, SplitsTheAbsoluteForm) {
  struct Case {
    std::string method, target, host;
    int status;
    std::string origin;
  };
  const std::vector<Case> cases = {
      {"GET", "http://a.example/x?y", "a.example", 200, "/x?y"},
      {"GET", "HTTP://A.example:80/x", "a.EXAMPLE", 200, "/x"},
      {"GET", "https://a.example/x", "a.example:443", 200, "/x"},
      {"GET", "http://a.example", "a.example", 200, "/"},
      {"OPTIONS", "http://a.example", "a.example", 200, "*"},
      {"GET", "http://[::1]:8080/", "[::1]:8080", 200, "/"},
      {"GET", "http://a.example?x", "a.example", 400, ""},
      {"GET", "http://a.example/", "b.example", 400, ""},
      {"GET", "http://a.example:443/", "a.example", 400, ""},
      {"GET", "https://a.example:80/", "a.example", 400, ""},
      {"GET", "http://user@a.example/", "a.example", 400, ""},
      {"GET", "http:///x", "a.example", 400, ""},
      {"GET", "http:/a.example/x", "a.example", 400, ""},
      {"GET", "ftp://a.example/", "a.example", 400, ""},
      {"GET", "a.example:80", "a.example", 400, ""},
  };
  for (const Case& c : cases) {
    const std::string input = c.method + " " + c.target + " HTTP/1.1\r\nHost: " + c.host + "\r\n\r\n";
    const Parsed parsed = parse(input);
    EXPECT_EQ(parsed.result ? 200 : parsed.result.error().status, c.status) << input;
    if (parsed.result) {
      EXPECT_EQ(parsed.head.target, c.origin);
      EXPECT_EQ(parsed.head.authority, c.host);
    }
  }
}

TEST(H1RequestParser, WantsExactlyOneProperHost) {
  const std::vector<std::pair<std::string, int>> cases = {
      {"Host: a\r\n", 200},
      {"hOST:a:8080\r\n", 200},
      {"Host: [2001:db8::1]:443\r\n", 200},
      {"Host: 127.0.0.1\r\n", 200},
      {"Host: a_b.example.\r\n", 200},
      {"", 400},
      {"Host:\r\n", 400},
      {"Host: a\r\nHost: a\r\n", 400},
      {"Host: a, b\r\n", 400},
      {"Host: a b\r\n", 400},
      {"Host: a:\r\n", 400},
      {"Host: a:0\r\n", 400},
      {"Host: a:65536\r\n", 400},
      {"Host: a:b\r\n", 400},
      {"Host: a:80:80\r\n", 400},
      {"Host: :80\r\n", 400},
      {"Host: u@a\r\n", 400},
      {"Host: a/b\r\n", 400},
      {"Host: [::1\r\n", 400},
      {"Host: []\r\n", 400},
      {"Host: [::1]x\r\n", 400},
      {"Host: [fe80::1%25eth0]\r\n", 400},
      {"Host: ex\xc3\xa4mple\r\n", 400},
  };
  for (const auto& [fields, status] : cases) {
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + fields + "\r\n"), status) << fields;
    EXPECT_EQ(status_of("GET / HTTP/1.0\r\n" + fields + "\r\n"), status) << fields;
  }
}

TEST(H1RequestParser, RefusesBadFieldLines) {
  const std::vector<std::pair<std::string, int>> cases = {
      {"A: b\r\n", 200},
      {"A:\tb\tc \r\n", 200},
      {"A: \x80\xff\r\n", 200},
      {"A : b\r\n", 400},
      {"A\t: b\r\n", 400},
      {": b\r\n", 400},
      {"A b: c\r\n", 400},
      {"A(b): c\r\n", 400},
      {"A\xc3\xa9: c\r\n", 400},
      {"A\r\n", 400},
      {"A: b\r\n c\r\n", 400},
      {"A: b\r\n\tc\r\n", 400},
      {"A: b\n", 400},
      {"A: b\nC: d\r\n", 400},
      {"A: b\rC: d\r\n", 400},
      {"A: b\r\r\n", 400},
      {"\rA: b\r\n", 400},
      {"\nA: b\r\n", 400},
      {std::string("A: b\0c\r\n", 8), 400},
      {"A: b\x01\r\n", 400},
      {"A: b\x1f\r\n", 400},
      {"A: b\x7f\r\n", 400},
  };
  for (const auto& [fields, status] : cases) EXPECT_EQ(status_of(with_fields(fields)), status) << fields;
}

TEST(H1RequestParser, FindsAControlByteAtEveryPlaceOfAValue) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    const bool allowed = c == '\t' || byte >= 0x80 || (byte >= 0x20 && byte != 0x7f);
    for (std::size_t at = 0; at < 20; ++at) {
      std::string value(20, '\xe9');
      value[at] = c;
      value[(at + 3) % 20] = at % 2 == 0 ? '\t' : ' ';
      EXPECT_EQ(status_of(with_fields("Name: x" + value + "x\r\n")), allowed ? 200 : 400)
          << byte << " " << at;
    }
  }
}

TEST(H1RequestParser, DecidesTheFramingOrRefuses) {
  struct Case {
    std::string fields;
    int status;
    Framing kind = Framing::none;
    std::uint64_t length = 0;
  };
  const std::vector<Case> cases = {
      {"", 200},
      {"Content-Length: 0\r\n", 200, Framing::length, 0},
      {"Content-Length: 005\r\n", 200, Framing::length, 5},
      {"Content-Length: 7, 7\r\n", 200, Framing::length, 7},
      {"Content-Length: 7\r\ncontent-length: 7\r\n", 200, Framing::length, 7},
      {"Content-Length: 9223372036854775807\r\n", 200, Framing::length, INT64_MAX},
      {"Transfer-Encoding: chunked\r\n", 200, Framing::chunked},
      {"transfer-encoding: \tCHUNKED \r\n", 200, Framing::chunked},
      {"Content-Length: 9223372036854775808\r\n", 400},
      {"Content-Length: 18446744073709551616\r\n", 400},
      {"Content-Length: 7, 8\r\n", 400},
      {"Content-Length: 7\r\nContent-Length: 8\r\n", 400},
      {"Content-Length: 7,\r\n", 400},
      {"Content-Length:\r\n", 400},
      {"Content-Length: +7\r\n", 400},
      {"Content-Length: -7\r\n", 400},
      {"Content-Length: 0x7\r\n", 400},
      {"Content-Length: 7 7\r\n", 400},
      {"Content-Length: 7;7\r\n", 400},
      {"Content-Length: 7\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 400},
      {"Transfer-Encoding: gzip\r\nContent-Length: 0\r\n", 400},
      {"Transfer-Encoding: chunked, chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: chunked, gzip\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400},
      {"Transfer-Encoding:\r\n", 400},
      {"Transfer-Encoding: ,chunked\r\n", 400},
      {"Transfer-Encoding: chunked;a=b\r\n", 400},
      {"Transfer-Encoding: \"chunked\"\r\n", 400},
      {"Transfer-Encoding: xchunked\r\n", 501},
      {"Transfer-Encoding: identity\r\n", 501},
      {"Transfer-Encoding: gzip, chunked\r\n", 501},
      {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 501},
  };
  for (const Case& c : cases) {
    const std::string input = with_fields(c.fields);
    const Parsed parsed = parse(input);
    EXPECT_EQ(parsed.result ? 200 : parsed.result.error().status, c.status) << c.fields;
    if (!parsed.result) continue;
    EXPECT_EQ(parsed.head.body.kind, c.kind) << c.fields;
    EXPECT_EQ(parsed.head.body.length, c.length) << c.fields;
  }
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(H1RequestParser, BoundsTheOptionsOfConnection) {
  const std::string most(base::kConnectionOptionsMax - 1, ',');
  const auto parse_with = [](const std::string& fields) {
    RequestHead head;
    return parse_request_head("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n", head);
  };
  EXPECT_TRUE(parse_with("Connection: " + most + "\r\n"));
  for (const std::string& fields :
       {"Connection: " + most + ",\r\n", "Connection: " + most + "\r\nconnection: close\r\n",
        "Connection: " + std::string(30'000, ',') + "\r\n"}) {
    const auto parsed = parse_with(fields);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().status, 400);
  }
}

TEST(H1RequestParser, ReadsWhatTheConnectionIsToDo) {
  struct Case {
    std::string version, fields;
    bool keep_alive, expects_continue, upgrade;
  };
  const std::vector<Case> cases = {
      {"1.1", "", true, false, false},
      {"1.1", "Connection: Close\r\n", false, false, false},
      {"1.1", "Connection: keep-alive, close\r\n", false, false, false},
      {"1.1", "Connection: closed\r\n", true, false, false},
      {"1.1", "Connection: keep-alive\r\nConnection: x,close\r\n", false, false, false},
      {"1.0", "", false, false, false},
      {"1.0", "Connection: Keep-Alive\r\n", true, false, false},
      {"1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n", true, false, true},
      {"1.1", "Connection: keep-alive\r\nUpgrade: websocket\r\n", true, false, false},
      {"1.1", "Connection: Upgrade\r\n", true, false, false},
      {"1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n", false, false, false},
      {"1.1", "Expect: 100-Continue\r\n", true, true, false},
      {"1.0", "Expect: 100-continue\r\n", false, false, false},
  };
  for (const Case& c : cases) {
    const std::string input = "GET / HTTP/" + c.version + "\r\nHost: a\r\n" + c.fields + "\r\n";
    const Parsed parsed = parse(input);
    ASSERT_TRUE(parsed.result) << input;
    EXPECT_EQ(parsed.head.keep_alive, c.keep_alive) << input;
    EXPECT_EQ(parsed.head.expects_continue, c.expects_continue) << input;
    EXPECT_EQ(parsed.head.upgrade, c.upgrade) << input;
  }
}

TEST(H1RequestParser, RefusesOtherExpectations) {
  EXPECT_EQ(status_of(with_fields("Expect: 200-maybe\r\n")), 417);
  EXPECT_EQ(status_of(with_fields("Expect:\r\n")), 417);
  EXPECT_EQ(status_of(with_fields("Expect: 100-continue, x\r\n")), 417);
  EXPECT_EQ(status_of(with_fields("Expect: 100-continue\r\nExpect: x\r\n")), 417);
  EXPECT_EQ(status_of(with_fields("Expect: x\r\nExpect: 100-continue\r\n")), 417);
}

TEST(H1RequestParser, BoundsTheNumberOfFields) {
  std::string fields;
  for (std::size_t i = 1; i < base::kFieldsMax; ++i) fields += "A: b\r\n";
  EXPECT_EQ(status_of(with_fields(fields)), 200);
  EXPECT_EQ(status_of(with_fields(fields + "A: b\r\n")), 431);
}

TEST(H1RequestParser, BoundsTheBytesOfTheHead) {
  const std::string empty = with_fields("A: \r\n");
  const std::string filler(base::kHeadBytesMax - empty.size(), 'x');
  const std::string largest = with_fields("A: " + filler + "\r\n");
  ASSERT_EQ(largest.size(), base::kHeadBytesMax);
  EXPECT_EQ(status_of(largest), 200);
  EXPECT_EQ(status_of(with_fields("A: x" + filler + "\r\n")), 431);
  EXPECT_EQ(status_of("GET /" + std::string(base::kHeadBytesMax, 'a')), 431);
  const std::string endless = "GET /" + std::string(base::kHeadBytesMax - 5, 'a');
  RequestHead head;
  EXPECT_EQ(parse_request_head(endless, head), 0U);
  EXPECT_EQ(parse_request_head(endless + "a", head, endless.size()).error().status, 431);
}

TEST(Message, KnowsMethodsByExactName) {
  EXPECT_EQ(parse_method("GET"), Method::get);
  EXPECT_EQ(parse_method("HEAD"), Method::head);
  EXPECT_EQ(parse_method("POST"), Method::post);
  EXPECT_EQ(parse_method("PUT"), Method::put);
  EXPECT_EQ(parse_method("DELETE"), Method::del);
  EXPECT_EQ(parse_method("OPTIONS"), Method::options);
  EXPECT_EQ(parse_method("PATCH"), Method::patch);
  EXPECT_EQ(parse_method("CONNECT"), Method::connect);
  EXPECT_EQ(parse_method("TRACE"), Method::trace);
  EXPECT_EQ(parse_method("get"), Method::other);
  EXPECT_EQ(parse_method(""), Method::other);
}

TEST(Message, KnowsWhichMethodsMayBeSentTwice) {
  EXPECT_TRUE(is_idempotent(Method::get));
  EXPECT_TRUE(is_idempotent(Method::put));
  EXPECT_TRUE(is_idempotent(Method::del));
  EXPECT_FALSE(is_idempotent(Method::post));
  EXPECT_FALSE(is_idempotent(Method::patch));
  EXPECT_FALSE(is_idempotent(Method::other));
}

TEST(Message, NamesTheUsualStatuses) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(421), "Misdirected Request");
  EXPECT_EQ(reason_phrase(799), "");
}

}  // namespace
}  // namespace cardea::http
