#include "proxy/rewrite.h"

#include "proxy/rewrite_fixture.h"

namespace cardea::proxy {
namespace {

TEST_F(RewriteRequest, MakesAWholeHead) {
  add("Accept", "text/html");
  EXPECT_EQ(head(),
            "GET /path?query HTTP/1.1\r\n"
            "Host: www.example.com\r\n"
            "Accept: text/html\r\n"
            "X-Forwarded-For: 192.0.2.7\r\n"
            "X-Real-IP: 192.0.2.7\r\n"
            "X-Forwarded-Proto: https\r\n"
            "X-Forwarded-Host: www.example.com\r\n"
            "X-Forwarded-Port: 443\r\n"
            "X-Request-Id: 0123456789abcdef\r\n"
            "Via: 1.1 cardea\r\n"
            "\r\n");
}

TEST_F(RewriteRequest, SaysTheSameInHttp2) {
  request_.body = {http::Framing::chunked, 0};
  target_.path_prefix = "/app";
  target_.custom_headers = {{"X-Key", "s"}};
  add("Accept", "text/html");
  add("Connection", "keep-alive, TE, X-Nominated");
  add("TE", "trailers");
  add("X-Nominated", "1");
  http::H2Fields out;
  append_upstream_head(out, request_, connection_, target_, "0123456789abcdef");
  std::string text;
  for (std::size_t i = 0; i < out.size(); ++i)
    text.append(out[i].name).append("=").append(out[i].value) += '\n';
  EXPECT_EQ(text,
            ":method=GET\n:scheme=http\n:path=/app/path?query\n:authority=www.example.com\n"
            "accept=text/html\nte=trailers\nx-forwarded-for=192.0.2.7\nx-real-ip=192.0.2.7\n"
            "x-forwarded-proto=https\nx-forwarded-host=www.example.com\nx-forwarded-port=443\n"
            "x-request-id=0123456789abcdef\nvia=1.1 cardea\nx-key=s\n");
}

TEST_F(RewriteRequest, TakesOutWhatBelongsToOneConnection) {
  constexpr std::array<std::string_view, 8> kNames = {
      "Connection", "Keep-Alive", "Proxy-Connection",    "TE",
      "Upgrade",    "Expect",     "Proxy-Authorization", "HTTP2-Settings"};
  for (const std::string_view name : kNames) add(name, "something");
  add("Transfer-Encoding", "gzip");
  for (const std::string_view name : kNames) expect_absent(name);
  expect_absent("Transfer-Encoding");
}

TEST_F(RewriteRequest, SaysInViaWhichVersionTheRequestCameIn) {
  add("Via", "2 edge");
  EXPECT_EQ(values("Via"), (Values{"2 edge", "1.1 cardea"}));
  request_.version_minor = 0;
  EXPECT_EQ(values("Via"), (Values{"2 edge", "1.0 cardea"}));
}

TEST(Loop, IsSeenByTheViaFields) {
  const std::pair<std::vector<const char*>, bool> table[] = {
      {{}, false},
      {{"1.1 cardea"}, false},
      {{"1.1 cardea, 1.1 cardea, 1.1 cardea, 1.1 cardea"}, false},
      {{"1.1 cardea, 1.1 cardea, 1.1 cardea, 1.1 cardea, 1.1 cardea"}, true},
      {{"1.0 cardea", "2 Cardea", "HTTP/1.1  cardea (comment)", "1.1 other,1.1 cardea", "1.1 cardea"}, true},
      {{"cardea,cardea,cardea,cardea,cardea"}, false},
      {{"1.1 cardea2,1.1 cardea2,1.1 cardea2,1.1 cardea2,1.1 cardea2,1.1 cardea2"}, false},
  };
  for (const auto& [vias, loop] : table) {
    http::FieldList fields;
    for (const char* via : vias) ASSERT_TRUE(fields.add({"Via", via}));
    EXPECT_EQ(is_loop(fields), loop) << vias.size();
  }
}

TEST_F(RewriteRequest, SaysOfItsOwnConnectionWhatTheClientSaidOfIts) {
  add("TE", "gzip, Trailers;q=1");
  EXPECT_EQ(values("Connection"), Values{"TE"});
  EXPECT_EQ(values("TE"), Values{"trailers"});
  request_.upgrade = true;
  add("Connection", "Upgrade");
  add("Upgrade", "h2c, websocket");
  add("Upgrade", "other/2, bad protocol, H2, \"q\"");
  EXPECT_TRUE(wants_upgrade(request_));
  EXPECT_EQ(values("Connection"), Values{"Upgrade, TE"});
  EXPECT_EQ(values("Upgrade"), (Values{"websocket", "other/2"}));
}

TEST_F(RewriteRequest, AsksForNoUpgradeOfABodyOrToHttp2) {
  request_.upgrade = true;
  add("Connection", "Upgrade");
  add("Upgrade", "h2c");
  EXPECT_FALSE(wants_upgrade(request_));
  expect_absent("Upgrade");
  add("Upgrade", "websocket");
  for (const http::BodyFraming body :
       {http::BodyFraming{http::Framing::length, 1}, {http::Framing::chunked, 0}}) {
    request_.body = body;
    EXPECT_FALSE(wants_upgrade(request_));
    expect_absent("Upgrade");
    expect_absent("Connection");
  }
  request_.body = {http::Framing::length, 0};
  EXPECT_TRUE(wants_upgrade(request_));
}

class RewriteSwitch : public RewriteRequest {
 protected:
  RewriteSwitch() {
    request_.upgrade = true;
    add("Connection", "Upgrade");
    add("Upgrade", "websocket, echo");
    answer_.status = 101;
  }
  // Why an answer with these fields is refused; "" if it is not.
  std::string refusal(std::initializer_list<http::Field> fields) {
    answer_.fields.clear();
    for (const http::Field& field : fields) EXPECT_TRUE(answer_.fields.add(field));
    out_.fields.clear();
    const auto switched = rewrite_switch(request_, answer_, out_);
    return switched ? "" : switched.error().context;
  }

  static constexpr std::string_view kNotAsked = "101 to a protocol that was not asked for";
  static constexpr std::string_view kNotAccepted =
      "101 to a WebSocket without the right Sec-WebSocket-Accept";
  static constexpr http::Field kConnection = {"Connection", "Upgrade"};
  static constexpr http::Field kWebSocket = {"Upgrade", "WebSocket"};
  static constexpr http::Field kAccept = {"Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="};
  http::ResponseHead answer_;
  http::ResponseHead out_;
};

TEST_F(RewriteSwitch, TakesOneProtocolOfThoseThatWereOffered) {
  EXPECT_EQ(refusal({kConnection, {"Upgrade", "Echo"}}), "");
  EXPECT_EQ(out_.fields.find("upgrade"), "Echo");
  EXPECT_EQ(out_.fields.find("connection"), "Upgrade");
  EXPECT_EQ(refusal({kConnection}), kNotAsked);
  EXPECT_EQ(refusal({kWebSocket}), kNotAsked);
  EXPECT_EQ(refusal({kConnection, {"Upgrade", "h2c"}}), kNotAsked);
  EXPECT_EQ(refusal({kConnection, {"Upgrade", "echo, websocket"}}), kNotAsked);
  request_.upgrade = false;
  EXPECT_EQ(refusal({kConnection, {"Upgrade", "echo"}}), kNotAsked);
}

TEST_F(RewriteSwitch, TakesAWebSocketThatAcceptsTheKey) {
  add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(refusal({kConnection, kWebSocket, kAccept}), "");
  EXPECT_EQ(out_.fields.find("sec-websocket-accept"), kAccept.value);
  EXPECT_EQ(refusal({kConnection, {"Upgrade", "echo"}}), "") << "another protocol has no key";
  EXPECT_EQ(refusal({kConnection, kWebSocket}), kNotAccepted);
  EXPECT_EQ(refusal({kConnection, kWebSocket, kAccept, kAccept}), kNotAccepted);
  for (const char* wrong : {"", "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo",
                            "S3PPLMBITXAQ9KYGZZHZRBK+XOO=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo= x"}) {
    EXPECT_EQ(refusal({kConnection, kWebSocket, {"Sec-WebSocket-Accept", wrong}}), kNotAccepted) << wrong;
  }
}

TEST_F(RewriteSwitch, TakesAWebSocketWithoutAKeyAsAnyOtherProtocol) {
  EXPECT_EQ(refusal({kConnection, kWebSocket}), "");
}

TEST_F(RewriteRequest, AsksForAWordBeforeABodyOnly) {
  request_.expects_continue = true;
  expect_absent("Expect");
  request_.body = {http::Framing::length, 1};
  EXPECT_EQ(values("Expect"), Values{"100-continue"});
}

TEST_F(RewriteRequest, CountsMaxForwardsDownWhereItCounts) {
  struct Case {
    http::Method method;
    std::string_view value;
    std::optional<std::uint64_t> left;
    Values sent;
  };
  const std::vector<Case> cases = {
      {http::Method::options, "7", 7, {"6"}},
      {http::Method::trace, "1", 1, {"0"}},
      {http::Method::trace, "0", 0, {}},
      {http::Method::options, "-1", 0, {}},
      {http::Method::options, "1, 1", 0, {}},
      {http::Method::options, "", 0, {}},
      {http::Method::get, "0", {}, {"0"}},
      {http::Method::other, "x", {}, {"x"}},
      {http::Method::options, "18446744073709551615", UINT64_MAX, {"18446744073709551614"}},
  };
  for (const Case& c : cases) {
    request_.fields.clear();
    request_.method = c.method;
    add("max-forwards", c.value);
    EXPECT_EQ(forwards_left(request_), c.left) << c.value;
    EXPECT_EQ(values("Max-Forwards"), c.sent) << c.value;
  }
  request_.fields.clear();
  request_.method = http::Method::options;
  EXPECT_EQ(forwards_left(request_), std::nullopt);
  add("Max-Forwards", "1");
  add("Max-Forwards", "1");
  EXPECT_EQ(forwards_left(request_), 0U) << "two of them";
}

TEST_F(RewriteRequest, TakesOutWhatConnectionNominates) {
  add("Connection", "close, X-Hop");
  add("connection", "x-other");
  add("x-hop", "1");
  add("X-Other", "2");
  add("X-End", "3");
  expect_absent("X-Hop");
  expect_absent("X-Other");
  EXPECT_EQ(values("X-End"), Values{"3"});
}

TEST_F(RewriteRequest, NeverLetsConnectionTakeOutCredentialsOrWhatWeSet) {
  add("Connection", "Authorization, Cookie, Host, X-Forwarded-For, X-Real-IP, Via, Content-Length");
  add("Authorization", "Bearer t");
  add("Cookie", "a=b");
  request_.body = {http::Framing::length, 3};
  EXPECT_EQ(values("Authorization"), Values{"Bearer t"});
  EXPECT_EQ(values("Cookie"), Values{"a=b"});
  EXPECT_EQ(values("Host"), Values{"www.example.com"});
  EXPECT_EQ(values("X-Forwarded-For"), Values{"192.0.2.7"});
  EXPECT_EQ(values("X-Real-IP"), Values{"192.0.2.7"});
  EXPECT_EQ(values("Content-Length"), Values{"3"});
  EXPECT_EQ(values("Via"), Values{"1.1 cardea"});
}

TEST_F(RewriteRequest, NeverLetsConnectionTakeOutWhatWeAddOrWhatTheTargetSets) {
  target_.custom_headers = {{"X-Api-Key", "secret"}};
  target_.forwarded_header = true;
  add("Connection",
      "X-Api-Key, X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Port, X-Request-Id, Forwarded");
  add("X-Api-Key", "guessed");
  EXPECT_EQ(values("X-Api-Key"), Values{"secret"});
  EXPECT_EQ(values("X-Forwarded-Proto"), Values{"https"});
  EXPECT_EQ(values("X-Forwarded-Host"), Values{"www.example.com"});
  EXPECT_EQ(values("X-Forwarded-Port"), Values{"443"});
  EXPECT_EQ(values("X-Request-Id"), Values{"0123456789abcdef"});
  EXPECT_EQ(values("Forwarded"), Values{"for=192.0.2.7;host=\"www.example.com\";proto=https"});
}

TEST_F(RewriteRequest, DropsNamesThatUpstreamsMayTakeForOthers) {
  constexpr std::array kNames = std::to_array<std::string_view>(
      {"X_Forwarded_For", "Some_Field", "_", "X.Forwarded.For", "X-Forwarded.For", "Some.Field", ".",
       "X!Forwarded!For", "X-Real~IP", "Some'Field", "A|b"});
  for (const std::string_view name : kNames) add(name, "forged");
  add("Some-Field", "kept");
  for (const std::string_view name : kNames) expect_absent(name);
  EXPECT_EQ(values("Some-Field"), Values{"kept"});
}

TEST_F(RewriteRequest, LetsSuchNamesPassThatTheTargetNames) {
  target_.underscore_headers = {"some_field", "app.version"};
  for (const std::string_view name :
       {"X_Forwarded_For", "Some_Field", "Some_Other", "Some.Field", "App.Version"})
    add(name, "said");
  EXPECT_EQ(values("Some_Field"), Values{"said"});
  EXPECT_EQ(values("App.Version"), Values{"said"});
  for (const std::string_view name : {"X_Forwarded_For", "Some_Other", "Some.Field"}) expect_absent(name);
}

TEST_F(RewriteRequest, KeepsRepeatedFieldsRepeatedAndInOrder) {
  add("Accept", "a");
  add("X-Between", "b");
  add("accept", "c");
  EXPECT_EQ(values("Accept"), (Values{"a", "c"}));
}

TEST_F(RewriteRequest, LetsCustomHeadersReplaceTheClientsAndOurs) {
  add("X-Api-Key", "guessed");
  add("x-api-key", "guessed again");
  target_.custom_headers = {{"X-API-Key", "secret"}, {"X-Forwarded-Proto", "custom"}};
  EXPECT_EQ(values("X-Api-Key"), Values{"secret"});
  EXPECT_EQ(values("X-Forwarded-Proto"), Values{"custom"});
}

TEST_F(RewriteRequest, LetsNothingPassThatAnUpstreamMayTakeForACustomHeader) {
  target_.custom_headers = {{"X-Api-Key", "secret"}, {"Other_Key", "secret too"}};
  target_.underscore_headers = {"X_Api_Key", "X.Api.Key", "Other_Key"};
  for (const std::string_view name : {"X_Api_Key", "x.api.key", "Other-Key", "OTHER_KEY"})
    add(name, "guessed");
  EXPECT_EQ(values("X-Api-Key"), Values{"secret"});
  EXPECT_EQ(values("Other_Key"), Values{"secret too"});
  for (const std::string_view name : {"X_Api_Key", "X.Api.Key", "Other-Key"}) expect_absent(name);
}

TEST_F(RewriteRequest, PutsThePrefixBeforeThePath) {
  target_.path_prefix = "/app/v1";
  EXPECT_EQ(request_line(), "GET /app/v1/path?query HTTP/1.1");
  request_.method_text = "OPTIONS";
  request_.target = "*";
  EXPECT_EQ(request_line(), "OPTIONS * HTTP/1.1");
}

TEST_F(RewriteRequest, SendsTheHostThatTheTargetWants) {
  add("host", "a second one is never passed on");
  EXPECT_EQ(values("Host"), Values{"www.example.com"});
  target_.host_header = HostHeader::upstream;
  EXPECT_EQ(values("Host"), Values{"backend:8080"});
  EXPECT_EQ(values("X-Forwarded-Host"), Values{"www.example.com"});
}

TEST_F(RewriteRequest, FramesTheBodyItself) {
  add("Content-Length", "999");
  add("Transfer-Encoding", "chunked");
  expect_absent("Content-Length");
  expect_absent("Transfer-Encoding");
  request_.body = {http::Framing::chunked, 0};
  EXPECT_EQ(values("Transfer-Encoding"), Values{"chunked"});
  expect_absent("Content-Length");
  request_.body = {http::Framing::length, 0};
  EXPECT_EQ(values("Content-Length"), Values{"0"});
  expect_absent("Transfer-Encoding");
}

using Names = std::vector<std::string>;

http::FieldList list_of(const Names& names) {
  http::FieldList fields;
  for (const std::string& name : names) EXPECT_TRUE(fields.add({name, "x"}));
  return fields;
}

Names names_of(const http::FieldList& fields) {
  Names names;
  for (const http::Field& field : fields) names.emplace_back(field.name);
  return names;
}

TEST(RewriteTrailers, LetNothingOfARequestPassThatTheProxyOrTheTargetSets) {
  Target target;
  target.custom_headers = {{"X-Api-Key", "secret"}};
  target.underscore_headers = {"Some_Field"};
  const Names names = {
      "X-Sum",           "x-api-key",     "X_Api_Key", "Via",        "X-Request-Id", "X-Forwarded-Ssl",
      "X-Forwarded-For", "Forwarded",     "X-Real-IP", "X-Scheme",   "Host",         "Content-Length",
      "Connection",      "Authorization", "TE",        "Some_Field", "Some.Field",   "X-Sum",
      "Digest"};
  EXPECT_EQ(names_of(rewrite_request_trailers({}, list_of(names), target)),
            (Names{"X-Sum", "X-Sum", "Digest"}));
}

TEST(RewriteTrailers, LetNothingOfARequestPassThatConnectionNominates) {
  http::RequestHead request;
  ASSERT_TRUE(request.fields.add({"Connection", "close, X-Hop"}));
  const Names names = {"x-hop", "X-Hops"};
  EXPECT_EQ(names_of(rewrite_request_trailers(request, list_of(names), {})), Names{"X-Hops"});
}

TEST(RewriteTrailers, LetOfAResponsePassWhatMayComeLate) {
  const Names names = {"X-Sum", "Via", "grpc-status", "Set-Cookie", "X-Forwarded-For", "app_key.v1-bin"};
  EXPECT_EQ(names_of(rewrite_response_trailers(list_of(names))),
            (Names{"X-Sum", "grpc-status", "app_key.v1-bin"}));
}

class RewriteResponse : public testing::Test {
 protected:
  RewriteResponse() {
    response_.status = 201;
    response_.reason = "Made";
    response_.body = {http::Framing::length, 7};
  }
  void add(std::string_view name, std::string_view value) {
    EXPECT_TRUE(response_.fields.add({name, value}));
  }
  void rewrite() { ASSERT_TRUE(rewrite_response(response_, out_)); }

  http::ResponseHead response_;
  http::ResponseHead out_;
};

TEST_F(RewriteResponse, KeepsStatusReasonAndBody) {
  rewrite();
  EXPECT_EQ(out_.status, 201);
  EXPECT_EQ(out_.reason, "Made");
  EXPECT_EQ(out_.body.kind, http::Framing::length);
  EXPECT_EQ(out_.body.length, 7U);
}

TEST_F(RewriteResponse, NamesTheVersionThatItCameIn) {
  struct VersionCase {
    std::uint8_t major, minor;
    std::string_view via;
  };
  for (const auto& [major, minor, via] :
       std::to_array<VersionCase>({{1, 0, "1.0 cardea"}, {1, 1, "1.1 cardea"}, {2, 0, "2 cardea"}})) {
    response_.version_major = major;
    response_.version_minor = minor;
    out_.fields.clear();
    ASSERT_TRUE(rewrite_response(response_, out_));
    EXPECT_EQ(out_.fields.find("via"), via);
  }
}

TEST_F(RewriteResponse, KeepsRepeatedFieldsRepeatedAndInOrder) {
  add("Set-Cookie", "a=1; Expires=Fri, 15 Mar 2024 00:00:00 GMT");
  add("X-Between", "x");
  add("Set-Cookie", "b=2");
  rewrite();
  ASSERT_EQ(out_.fields.count("Set-Cookie"), 2U);
  EXPECT_EQ(out_.fields.begin()[0].value, "a=1; Expires=Fri, 15 Mar 2024 00:00:00 GMT");
  EXPECT_EQ(out_.fields.begin()[1].value, "x");
  EXPECT_EQ(out_.fields.begin()[2].value, "b=2");
}

TEST_F(RewriteResponse, TakesOutWhatBelongsToOneConnection) {
  for (const std::string_view name :
       {"Keep-Alive", "Proxy-Connection", "TE", "Upgrade", "Transfer-Encoding"}) {
    add(name, "x");
  }
  add("Connection", "close, X-Hop");
  add("X-Hop", "1");
  add("X-End", "2");
  rewrite();
  ASSERT_EQ(out_.fields.size(), 2U);
  EXPECT_EQ(out_.fields.begin()[0].name, "X-End");
  EXPECT_EQ(out_.fields.begin()[1].name, "Via");
}

TEST_F(RewriteResponse, AddsItselfToTheVias) {
  add("Via", "1.1 other");
  rewrite();
  EXPECT_EQ(out_.fields.count("Via"), 2U);
}

TEST_F(RewriteResponse, StatesNoLengthWhereNoBodyCanBe) {
  struct LengthCase {
    int status;
    std::size_t lengths;
  };
  add("Content-Length", "0");
  for (const auto& [status, lengths] :
       std::to_array<LengthCase>({{103, 0}, {204, 0}, {200, 1}, {304, 1}, {404, 1}})) {
    response_.status = status;
    out_.fields.clear();
    rewrite();
    EXPECT_EQ(out_.fields.count("content-length"), lengths) << status;
  }
}

TEST_F(RewriteResponse, RefusesOneFieldTooMany) {
  for (std::size_t i = 0; i + 1 < base::kFieldsMax; ++i) add("X", "1");
  rewrite();
  EXPECT_EQ(out_.fields.size(), base::kFieldsMax);
  add("X", "1");
  http::ResponseHead full;
  EXPECT_FALSE(rewrite_response(response_, full)) << "there is no room for Via";
}

}  // namespace
}  // namespace cardea::proxy
