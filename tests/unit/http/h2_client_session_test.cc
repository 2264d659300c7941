#include "http/h2_client_session.h"

#include <string>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "http/h2_server.h"

namespace cardea::http {
namespace {

using base::ErrorCode;
using Event = H2ClientSession::Event;
using Then = H2Server::Then;

constexpr std::uint8_t kEnd = NGHTTP2_FLAG_END_STREAM;

// The bytes between them pass when a test says so.
struct ClientAndServer {
  struct Response {
    std::string heads;  // "103 link=…;|200 a=b;"
    BodyFraming framing;
    std::string body;
    std::string trailers;
    std::string error;  // how it broke off
    ErrorCode code{};
    bool retryable = false;
  };

  void start(std::string_view method, H2ClientSession::Body body = H2ClientSession::Body::none) {
    H2Fields head;
    append_request_line(head, method, "", "/path");
    append_field(head, "Host", "www.example.com");
    append_field(head, "X-Name", "Value");
    ASSERT_TRUE(client_.start(head, parse_method(method), body));
    to_server();
  }
  void to_server() {
    client_.send(up_);
    server_.receive(up_);
  }
  // What the server has to say is on its way to the client from here on.
  void to_client() { server_.send(down_); }

  // Receives until nothing more is here; `segment_bytes` arrive at a time.
  Response response(std::size_t segment_bytes = SIZE_MAX) {
    Response got;
    base::Buffer arrived;
    to_client();
    while (got.error.empty() && !client_.ended()) {
      const auto event = client_.receive(arrived, up_);
      if (!event) {
        got.error = event.error().context;
        got.code = event.error().code;
        got.retryable = event.error().retryable;
        EXPECT_EQ(event.error().source, base::ErrorSource::upstream);
        EXPECT_FALSE(client_.receive(arrived, up_)) << "it must stay in error";
      } else if (*event == Event::head) {
        take_head(got);
      } else if (*event == Event::body) {
        got.body += client_.body();
      } else if (!down_.empty()) {
        const std::string_view next = down_.view().substr(0, segment_bytes);
        arrived.append(next);
        down_.consume(next.size());
      } else {
        server_.receive(up_);  // the server may have waited for our word
        to_client();
        if (down_.empty()) break;
      }
    }
    got.trailers = text_of(client_.trailers());
    server_.receive(up_);
    return got;
  }

  void take_head(Response& got) {
    ResponseHead head;
    const auto sound = client_.head(head);
    if (!sound) {
      got.error = sound.error().context;
      return;
    }
    if (!got.heads.empty()) got.heads += "|";
    got.heads += std::to_string(head.status) + " " + text_of(head.fields);
    got.framing = head.body;
  }

  static std::string text_of(const FieldList& fields) {
    std::string text;
    for (const Field& field : fields) text.append(field.name).append("=").append(field.value).append(";");
    return text;
  }

  // Lets what is under way arrive, between two requests.
  bool settle() {
    to_client();
    const bool usable = client_.receive_idle(down_, up_);
    server_.receive(up_);
    return usable;
  }

  H2ClientSession client_;
  H2Server server_;
  base::Buffer up_, down_;
};

class H2Client : public testing::Test, protected ClientAndServer {};

TEST_F(H2Client, SendsAHeadAndReadsAResponse) {
  EXPECT_TRUE(client_.can_start());
  start("GET");
  EXPECT_FALSE(client_.can_start()) << "one at a time";
  EXPECT_EQ(server_.request().head, (Fields{{":method", "GET"},
                                            {":scheme", "http"},
                                            {":path", "/path"},
                                            {":authority", "www.example.com"},
                                            {"x-name", "Value"}}));
  EXPECT_TRUE(server_.request().ended);
  server_.head({{":status", "200"}, {"set-cookie", "a=1"}, {"x", "y"}, {"set-cookie", "b=2"}});
  server_.body("hello", Then::end);
  EXPECT_FALSE(client_.begun());
  const Response got = response();
  EXPECT_EQ(got.heads, "200 set-cookie=a=1;x=y;set-cookie=b=2;");
  EXPECT_EQ(got.framing.kind, Framing::chunked);
  EXPECT_EQ(got.body, "hello");
  EXPECT_EQ(got.error, "");
  EXPECT_TRUE(client_.begun() && client_.ended() && client_.can_start());
}

TEST_F(H2Client, TellsItsWindowsAndRefusesPush) {
  start("GET");
  EXPECT_EQ(server_.settings().at(NGHTTP2_SETTINGS_ENABLE_PUSH), 0U);
  EXPECT_EQ(server_.settings().at(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE), 256U * 1024);
  EXPECT_EQ(server_.settings().at(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE), base::kHeadBytesMax);
}

TEST_F(H2Client, ReadsAResponseInSegmentsOfAnySize) {
  for (const std::size_t segment : {1U, 2U, 3U, 7U, 100U, 20000U}) {
    start("GET");
    server_.head({{":status", "103"}, {"link", "</a>"}});
    server_.head({{":status", "200"}, {"content-length", "40000"}});
    server_.body(std::string(40000, 'x'), Then::end);
    const Response got = response(segment);
    EXPECT_EQ(got.heads, "103 link=</a>;|200 content-length=40000;") << segment;
    EXPECT_EQ(got.framing.kind, Framing::length);
    EXPECT_EQ(got.framing.length, 40000U);
    EXPECT_EQ(got.body, std::string(40000, 'x')) << segment;
    ASSERT_TRUE(client_.can_start()) << got.error;
  }
  EXPECT_EQ(server_.requests(), 6U) << "all on one connection";
}

TEST_F(H2Client, KnowsResponsesWithoutABody) {
  struct Case {
    std::string_view method, status;
    Framing kind;
  };
  for (const auto& [method, status, kind] : std::to_array<Case>({{"GET", "200", Framing::length},
                                                                 {"HEAD", "200", Framing::none},
                                                                 {"GET", "204", Framing::none},
                                                                 {"GET", "304", Framing::none}})) {
    start(method);
    server_.head({{":status", std::string(status)}, {"etag", "e"}}, kEnd);
    const Response got = response();
    EXPECT_EQ(got.heads, std::string(status) + " etag=e;");
    EXPECT_EQ(got.framing.kind, kind) << method << " " << status;
    EXPECT_EQ(got.framing.length, 0U);
    EXPECT_TRUE(client_.ended() && client_.can_start());
  }
  start("HEAD");
  server_.head({{":status", "200"}, {"content-length", "1024"}}, kEnd);
  EXPECT_EQ(response().heads, "200 content-length=1024;");
}

TEST_F(H2Client, RefusesABodyThatIsAnnouncedWhereNoneCanBe) {
  for (const char* method : {"GET", "HEAD"}) {
    start(method);
    server_.head({{":status", "204"}, {"content-length", "5"}}, kEnd);
    EXPECT_NE(response().error, "") << method;
  }
}

TEST_F(H2Client, PassesTrailersBothWays) {
  start("POST", H2ClientSession::Body::follows);
  client_.write_body("body");
  FieldList trailers;
  ASSERT_TRUE(trailers.add({"X-Sum", "1"}) && trailers.add({"X-Other", "2"}));
  client_.end_body({}, trailers);
  to_server();
  EXPECT_EQ(server_.request().body, "body");
  EXPECT_EQ(server_.request().trailers, (Fields{{"x-sum", "1"}, {"x-other", "2"}}));
  EXPECT_TRUE(server_.request().ended);
  server_.head({{":status", "200"}});
  server_.body("answer", Then::trailers, {{"grpc-status", "0"}});
  const Response got = response();
  EXPECT_EQ(got.body, "answer");
  EXPECT_EQ(got.trailers, "grpc-status=0;");
  EXPECT_TRUE(client_.can_start());
}

TEST_F(H2Client, HoldsABodyBackUntilTheServerTakesIt) {
  start("POST", H2ClientSession::Body::follows);
  const std::string body(200'000, 'b');
  client_.write_body(body);
  EXPECT_TRUE(server_.request().body.empty());
  to_server();
  EXPECT_EQ(server_.request().body.size(), 65535U) << "the window of a server that says nothing";
  EXPECT_EQ(client_.unsent(), body.size() - 65535);
  server_.take(65535);
  to_client();
  const auto nothing = client_.receive(down_, up_);
  ASSERT_TRUE(nothing);
  EXPECT_EQ(*nothing, Event::none);
  server_.receive(up_);
  EXPECT_EQ(server_.request().body.size(), 2 * 65535U);
  server_.take(65535);
  to_client();
  ASSERT_TRUE(client_.receive(down_, up_));
  client_.end_body({}, {});
  to_server();
  EXPECT_EQ(server_.request().body.size(), 3 * 65535U);
  server_.take(65535);
  to_client();
  ASSERT_TRUE(client_.receive(down_, up_));
  server_.receive(up_);
  EXPECT_EQ(server_.request().body, body);
  EXPECT_TRUE(server_.request().ended);
  EXPECT_EQ(client_.unsent(), 0U);
}

// A server may wait for the end before it takes anything, and its window is full.
TEST_F(H2Client, EndsABodyThatIsAsLongAsTheWindow) {
  start("POST", H2ClientSession::Body::follows);
  client_.write_body(std::string(35535, 'b'));
  to_server();
  client_.end_body(std::string(30000, 'b'), {});
  to_server();
  EXPECT_EQ(server_.request().body.size(), 65535U);
  EXPECT_TRUE(server_.request().ended);
  EXPECT_EQ(client_.unsent(), 0U);
}

TEST_F(H2Client, LetsTheServerSendNoMoreThanItsWindow) {
  start("GET");
  server_.head({{":status", "200"}});
  server_.body(std::string(1'000'000, 'x'), Then::end);
  to_client();
  EXPECT_GE(down_.size(), 256U * 1024);
  EXPECT_LE(down_.size(), 256U * 1024 + 2000U);
  EXPECT_EQ(response().body.size(), 1'000'000U);
}

TEST_F(H2Client, NeverRunsOutOfTheConnectionsWindow) {
  for (int i = 0; i < 200; ++i) {
    start("GET");
    server_.head({{":status", "200"}});
    server_.body(std::string(15'000, 'x'), Then::end);
    ASSERT_EQ(response().body.size(), 15'000U) << i;
    ASSERT_TRUE(settle());
  }
}

struct ResetCase {
  std::uint32_t code;
  ErrorCode error;
  bool retryable;
  std::string_view words;
};

TEST_F(H2Client, TellsWhyTheServerResetARequest) {
  for (const ResetCase& expected : std::to_array<ResetCase>({
           {NGHTTP2_REFUSED_STREAM, ErrorCode::closed, true, "did not begin"},
           {NGHTTP2_INTERNAL_ERROR, ErrorCode::rejected, false, "INTERNAL_ERROR"},
           {NGHTTP2_CANCEL, ErrorCode::rejected, false, "CANCEL"},
           {NGHTTP2_HTTP_1_1_REQUIRED, ErrorCode::rejected, false, "give an http:// URL"},
           {NGHTTP2_NO_ERROR, ErrorCode::rejected, false, "NO_ERROR"},
       })) {
    ClientAndServer fresh;
    fresh.start("GET");
    fresh.server_.reset(expected.code);
    const Response got = fresh.response();
    EXPECT_EQ(got.code, expected.error) << expected.words;
    EXPECT_EQ(got.retryable, expected.retryable) << expected.words;
    EXPECT_NE(got.error.find(expected.words), std::string::npos) << got.error;
    EXPECT_FALSE(fresh.client_.begun());
    EXPECT_FALSE(fresh.client_.can_start());
  }
}

TEST_F(H2Client, IsToldByGoawayThatARequestWasNotLookedAt) {
  start("POST");
  server_.goaway(0, NGHTTP2_NO_ERROR);
  const Response got = response();
  EXPECT_EQ(got.code, ErrorCode::closed);
  EXPECT_TRUE(got.retryable);
}

TEST_F(H2Client, FinishesAResponseAfterGoawayAndStartsNoOther) {
  start("GET");
  server_.head({{":status", "200"}});
  server_.goaway(1, NGHTTP2_NO_ERROR);
  server_.body("last", Then::end);
  const Response got = response();
  EXPECT_EQ(got.body, "last");
  EXPECT_EQ(got.error, "");
  EXPECT_FALSE(client_.can_start());
}

TEST_F(H2Client, AnswersBetweenRequestsAndSeesGoaway) {
  EXPECT_TRUE(settle());
  start("GET");
  server_.head({{":status", "204"}}, kEnd);
  response();
  server_.ping();
  EXPECT_TRUE(settle());
  EXPECT_EQ(server_.pings_answered(), 1);
  server_.goaway(1, NGHTTP2_NO_ERROR);
  EXPECT_FALSE(settle());
}

TEST_F(H2Client, AsksNoServerThatTakesNoMoreRequests) {
  start("GET");
  server_.head({{":status", "204"}}, kEnd);
  response();
  server_.allow_streams(0);
  EXPECT_FALSE(settle());
  server_.allow_streams(1);
  EXPECT_TRUE(settle());
}

TEST_F(H2Client, AnswersAPingInTheMiddleOfAResponse) {
  start("GET");
  server_.head({{":status", "200"}});
  server_.body("first", Then::more);
  EXPECT_EQ(response().body, "first");
  server_.ping();
  EXPECT_EQ(response().body, "");
  EXPECT_EQ(server_.pings_answered(), 1);
  server_.go_on("second", Then::end);
  EXPECT_EQ(response().body, "second");
  EXPECT_TRUE(client_.ended());
}

TEST_F(H2Client, TakesAnAnswerThatComesBeforeTheBody) {
  start("POST", H2ClientSession::Body::follows);
  server_.head({{":status", "413"}}, kEnd);
  EXPECT_EQ(response().heads, "413 ");
  EXPECT_FALSE(client_.can_start()) << "the request has not ended";
  server_.reset(NGHTTP2_NO_ERROR);
  EXPECT_TRUE(settle());
  client_.write_body("for nobody");
  EXPECT_EQ(client_.unsent(), 0U);
}

TEST_F(H2Client, RefusesMalformedHeads) {
  const std::string large(base::kHeadBytesMax, 'a');
  Fields many = {{":status", "200"}};
  for (std::size_t i = 0; i <= base::kFieldsMax; ++i) many.emplace_back("x-" + std::to_string(i), "1");
  const std::vector<Fields> heads = {
      {{"x", "no status"}},
      {{":status", "20"}},
      {{":status", "abc"}},
      {{":status", "+20"}},
      {{":status", "099"}},
      {{":status", "101"}},
      {{":status", "200"}, {":status", "200"}},
      {{"x", "1"}, {":status", "200"}},
      {{":status", "200"}, {":path", "/"}},
      {{":status", "200"}, {"connection", "close"}},
      {{":status", "200"}, {"transfer-encoding", "chunked"}},
      {{":status", "200"}, {"keep-alive", "timeout=5"}},
      {{":status", "200"}, {"upgrade", "websocket"}},
      {{":status", "200"}, {"proxy-connection", "close"}},
      {{":status", "200"}, {"two words", "1"}},
      {{":status", "200"}, {"", "1"}},
      {{":status", "200"}, {"x", "a\r\nb: c"}},
      {{":status", "200"}, {"x", std::string("a\0b", 3)}},
      {{":status", "200"}, {"x", "\x1b[0m"}},
      {{":status", "200"}, {"x", " a"}},
      {{":status", "200"}, {"content-length", "2"}, {"content-length", "3"}},
      {{":status", "200"}, {"content-length", "two"}},
      {{":status", "200"}, {"content-length", "-2"}},
      {{":status", "200"}, {"content-length", "99999999999999999999"}},
      {{":status", "200"}, {"x", large}},
      many,
  };
  for (const Fields& head : heads) {
    ClientAndServer fresh;
    fresh.start("GET");
    fresh.server_.head(head);
    const Response got = fresh.response();
    EXPECT_EQ(got.code, ErrorCode::protocol) << head.back().first << ": " << head.back().second;
    EXPECT_EQ(got.heads, "");
    EXPECT_GE(fresh.server_.request().reset, 0) << "the server is told";
  }
}

TEST_F(H2Client, RefusesABodyThatIsNotAsLongAsItSays) {
  for (const std::string_view body : {"", "1", "12345"}) {
    ClientAndServer fresh;
    fresh.start("GET");
    fresh.server_.head({{":status", "200"}, {"content-length", "3"}});
    fresh.server_.body(std::string(body), Then::end);
    EXPECT_EQ(fresh.response().code, ErrorCode::protocol) << body;
    EXPECT_FALSE(fresh.client_.ended()) << body;
  }
}

TEST_F(H2Client, RefusesABodyWhereNoneMayBe) {
  start("HEAD");
  server_.head({{":status", "200"}, {"content-length", "3"}});
  server_.body("abc", Then::end);
  const Response got = response();
  EXPECT_EQ(got.body, "");
  EXPECT_EQ(got.code, ErrorCode::protocol) << got.error;
}

TEST_F(H2Client, RefusesTrailersThatAreMalformed) {
  start("GET");
  server_.head({{":status", "200"}});
  server_.body("abc", Then::trailers, {{":status", "200"}});
  const Response got = response();
  EXPECT_EQ(got.code, ErrorCode::protocol) << got.error;
  EXPECT_EQ(got.trailers, "");
}

TEST_F(H2Client, RefusesWhatIsNotHttp2) {
  for (const std::string_view bytes : std::to_array<std::string_view>(
           {"HTTP/1.1 400 Bad Request\r\n\r\n", "220 mail.example.com ESMTP\r\n",
            std::string_view("\x15\x03\x03\x00\x02\x02\x46\x00\x00\x00\x00", 11)})) {
    ClientAndServer fresh;
    fresh.start("GET");
    fresh.down_.append(bytes);
    EXPECT_EQ(fresh.response().code, ErrorCode::protocol) << bytes;
    EXPECT_FALSE(fresh.client_.can_start());
  }
}

TEST_F(H2Client, StopsAnsweringAServerThatDoesNotListen) {
  start("GET");
  for (int i = 0; i < 3000; ++i) server_.ping();
  to_client();
  const auto event = client_.receive(down_, up_);
  EXPECT_LE(up_.size(), base::kStreamBufferBytesMax + 20'000);
  // What does not fit waits in nghttp2, which gives up at 1000.
  EXPECT_TRUE(event || event.error().code == ErrorCode::protocol);
}

}  // namespace
}  // namespace cardea::http
