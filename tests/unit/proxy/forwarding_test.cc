#include "proxy/forwarding.h"

#include "proxy/rewrite_fixture.h"

namespace cardea::proxy {
namespace {

class Forwarding : public RewriteRequest {};

TEST_F(Forwarding, ReplacesForwardingFields) {
  for (const std::string_view name :
       {"X-Forwarded-For", "X-FORWARDED-PROTO", "X-Forwarded-Host", "x-forwarded-port", "X-Real-IP"}) {
    add(name, "forged");
  }
  EXPECT_EQ(values("X-Forwarded-For"), Values{"192.0.2.7"});
  EXPECT_EQ(values("X-Forwarded-Proto"), Values{"https"});
  EXPECT_EQ(values("X-Forwarded-Host"), Values{"www.example.com"});
  EXPECT_EQ(values("X-Forwarded-Port"), Values{"443"});
  EXPECT_EQ(values("X-Real-IP"), Values{"192.0.2.7"});
}

TEST_F(Forwarding, ReplacesTheIdUnlessACustomHeaderIsOne) {
  add("x-request-id", "from the client");
  add("X-Request-ID", "from the client again");
  add("X_Request_Id", "in disguise");
  EXPECT_EQ(values("X-Request-Id"), Values{"0123456789abcdef"});
  expect_absent("X_Request_Id");
  target_.custom_headers = {{"X-Request-ID", "from the target"}};
  EXPECT_EQ(values("X-Request-Id"), Values{"from the target"});
}

TEST_F(Forwarding, DropsForwardingFieldsThatItDoesNotSet) {
  constexpr std::array kNames = std::to_array<std::string_view>(
      {"Forwarded", "X-Forwarded-Server", "X-Forwarded-Scheme", "X-Forwarded-Prefix", "X-Forwarded-Uri",
       "X-Forwarded-Method", "X-Scheme", "X-Forwarded-Tls-Client-Cert", "X-Forwarded", "X-Forwarded-",
       "X-FORWARDED-SSL", "x-forwarded-user", "X-Forwarded-Protocol", "X-Forwarded-Email"});
  for (const std::string_view name : kNames) add(name, "forged");
  for (const std::string_view name : kNames) expect_absent(name);
}

TEST_F(Forwarding, LetsPassWhatOnlyLooksLikeAForwardingField) {
  constexpr std::array kNames =
      std::to_array<std::string_view>({"X-Forward", "X-Forwarded2", "X-Forwardedfor", "Forwarded-For", "X",
                                       "F", "X-Request-Id2", "X-Real-IPs", "X-Schemes"});
  for (const std::string_view name : kNames) add(name, "said");
  for (const std::string_view name : kNames) EXPECT_EQ(values(name), Values{"said"}) << name;
}

TEST_F(Forwarding, SaysHttpOnAPlainConnection) {
  connection_.scheme = http::Scheme::http;
  connection_.local_port = 80;
  EXPECT_EQ(values("X-Forwarded-Proto"), Values{"http"});
  EXPECT_EQ(values("X-Forwarded-Port"), Values{"80"});
}

TEST_F(Forwarding, SaysForwardedIfTheTargetWantsIt) {
  add("Forwarded", "for=203.0.113.9");
  expect_absent("Forwarded");
  target_.forwarded_header = true;
  EXPECT_EQ(values("Forwarded"), Values{"for=192.0.2.7;host=\"www.example.com\";proto=https"});
  connection_.peer = boost::asio::ip::make_address("2001:db8::7");
  connection_.peer_text = "2001:db8::7";
  connection_.scheme = http::Scheme::http;
  EXPECT_EQ(values("Forwarded"), Values{"for=\"[2001:db8::7]\";host=\"www.example.com\";proto=http"});
  connection_.peer_is_trusted = true;
  EXPECT_EQ(values("Forwarded"),
            (Values{"for=203.0.113.9", "for=\"[2001:db8::7]\";host=\"www.example.com\";proto=http"}));
  target_.custom_headers = {{"Forwarded", "for=unknown"}};
  EXPECT_EQ(values("Forwarded"), Values{"for=unknown"});
}

class ForwardingOfATrustedPeer : public RewriteRequest {
 protected:
  ForwardingOfATrustedPeer() {
    connection_.trusted_proxies = &trusted_;
    connection_.peer_is_trusted = true;
  }
  net::AddressRanges trusted_ = net::AddressRanges::parse("192.0.2.0/24, 2001:db8::/32").value();
};

TEST_F(ForwardingOfATrustedPeer, KeepsWhatATrustedPeerSays) {
  add("X-Forwarded-For", "203.0.113.9, 198.51.100.4");
  add("X-Forwarded-For", "192.0.2.99");
  add("X-Forwarded-Proto", "http");
  add("X-Forwarded-Host", "public.example:8443");
  add("X-Forwarded-Port", "8443");
  add("Forwarded", "for=203.0.113.9");
  add("X-Forwarded-Prefix", "/app");
  add("X-Forwarded-Ssl", "on");
  EXPECT_EQ(values("X-Forwarded-For"), Values{"203.0.113.9, 198.51.100.4, 192.0.2.99, 192.0.2.7"});
  EXPECT_EQ(values("X-Real-IP"), Values{"198.51.100.4"})
      << "what stands further left was said by nobody trusted";
  EXPECT_EQ(values("X-Forwarded-Proto"), Values{"http"});
  EXPECT_EQ(values("X-Forwarded-Host"), Values{"public.example:8443"});
  EXPECT_EQ(values("X-Forwarded-Port"), Values{"8443"});
  EXPECT_EQ(values("Forwarded"), Values{"for=203.0.113.9"});
  EXPECT_EQ(values("X-Forwarded-Prefix"), Values{"/app"});
  EXPECT_EQ(values("X-Forwarded-Ssl"), Values{"on"});
}

TEST_F(ForwardingOfATrustedPeer, SaysItselfWhatATrustedPeerDoesNotSaySoundly) {
  add("X-Forwarded-Proto", "wss");
  add("X-Forwarded-Host", "a.example, b.example");
  add("X-Forwarded-Port", "443");
  add("X-Forwarded-Port", "444");
  EXPECT_EQ(values("X-Forwarded-For"), Values{"192.0.2.7"});
  EXPECT_EQ(values("X-Real-IP"), Values{"192.0.2.7"});
  EXPECT_EQ(values("X-Forwarded-Proto"), Values{"https"});
  EXPECT_EQ(values("X-Forwarded-Host"), Values{"www.example.com"});
  EXPECT_EQ(values("X-Forwarded-Port"), Values{"443"});
}

TEST_F(ForwardingOfATrustedPeer, FindsTheClientBehindTrustedProxies) {
  const std::pair<const char*, const char*> table[] = {
      {"203.0.113.9", "203.0.113.9"},
      {"1.1.1.1, 203.0.113.9,192.0.2.1 , 2001:db8::9", "203.0.113.9"},
      {"192.0.2.5, 192.0.2.6", "192.0.2.5"},
      {"spoof, 192.0.2.5", "192.0.2.5"},
      {"203.0.113.9, unknown", "192.0.2.7"},
      {"203.0.113.9:1234", "192.0.2.7"},
      {"2001:db9::1", "2001:db9::1"},
      {"fe80::1%eth0", "fe80::1"},
      {"203.0.113.9, 2001:db8::9%2", "203.0.113.9"},
      {"203.0.113.9%eth0", "192.0.2.7"},
      {"%eth0", "192.0.2.7"},
      {"", "192.0.2.7"},
      {",,", "192.0.2.7"},
  };
  for (const auto& [forwarded, client] : table) {
    request_.fields.clear();
    add("X-Forwarded-For", forwarded);
    EXPECT_EQ(values("X-Real-IP"), Values{client}) << forwarded;
  }
}

TEST_F(ForwardingOfATrustedPeer, LetsCustomHeadersHaveTheLastWord) {
  target_.custom_headers = {{"X-Forwarded-For", "mine"}, {"X-Real-IP", "mine"}};
  add("X-Forwarded-For", "203.0.113.9");
  EXPECT_EQ(values("X-Forwarded-For"), Values{"mine"});
  EXPECT_EQ(values("X-Real-IP"), Values{"mine"});
}

TEST_F(ForwardingOfATrustedPeer, NeverLetsConnectionTakeOutWhatATrustedPeerSays) {
  add("Connection",
      "Forwarded, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Port, X-Forwarded-Prefix, Via");
  add("connection", "X-Forwarded-Ssl, X-Scheme, X-Real-IP");
  add("Forwarded", "for=203.0.113.9");
  add("X-Forwarded-For", "203.0.113.9");
  add("X-Forwarded-Proto", "http");
  add("X-Forwarded-Port", "8443");
  add("X-Forwarded-Prefix", "/app");
  add("X-Forwarded-Ssl", "on");
  add("X-Scheme", "https");
  add("Via", "1.1 edge");
  EXPECT_EQ(values("Forwarded"), Values{"for=203.0.113.9"});
  EXPECT_EQ(values("X-Forwarded-For"), Values{"203.0.113.9, 192.0.2.7"});
  EXPECT_EQ(values("X-Real-IP"), Values{"203.0.113.9"});
  EXPECT_EQ(values("X-Forwarded-Proto"), Values{"http"});
  EXPECT_EQ(values("X-Forwarded-Port"), Values{"8443"});
  EXPECT_EQ(values("X-Forwarded-Prefix"), Values{"/app"});
  EXPECT_EQ(values("X-Forwarded-Ssl"), Values{"on"});
  EXPECT_EQ(values("X-Scheme"), Values{"https"});
  EXPECT_EQ(values("Via"), (Values{"1.1 edge", "1.1 cardea"}));
}

}  // namespace
}  // namespace cardea::proxy
