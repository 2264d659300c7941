#include "api/names.h"

#include <gtest/gtest.h>

namespace cardea::api {
namespace {

template <typename T>
bool is_invalid(const base::Result<T>& result) {
  return !result && result.error().code == base::ErrorCode::invalid && !result.error().context.empty();
}

TEST(PublicHostname, IsMadeCanonical) {
  const std::pair<const char*, const char*> table[] = {
      {"www.example.com", "www.example.com"},
      {"WWW.Example.Com.", "www.example.com"},
      {"a-b.c--d.example", "a-b.c--d.example"},
      {"1.2.example", "1.2.example"},
      {"B\xc3\xbc"
       "cher.Example",
       "xn--bcher-kva.example"},
      {"bu\xcc\x88"
       "cher.example.",
       "xn--bcher-kva.example"},                           // u and a combining diaeresis
      {"fa\xc3\x9f.example", "xn--fa-hia.example"},        // non-transitional: not "fass"
      {"\xef\xbc\xa1\xef\xbc\xa2.example", "ab.example"},  // full width
      {"a\xe3\x80\x82"
       "b.example",
       "a.b.example"},  // an ideographic full stop
      {"\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.\xd1\x80\xd1\x84", "xn--e1afmkfd.xn--p1ai"},
      {"XN--Bcher-KVA.example", "xn--bcher-kva.example"},
      {"xn--i-7iq.ws", "xn--i-7iq.ws"},  // an emoji: no IDNA2008, but certified
  };
  for (const auto& [text, expected] : table) {
    const auto name = parse_public_hostname(text);
    ASSERT_TRUE(name) << text << ": " << name.error().context;
    EXPECT_EQ(*name, expected);
    EXPECT_EQ(canonical_hostname(text), expected);
    EXPECT_EQ(parse_public_hostname(*name), *name) << "converted once";
  }
}

TEST(PublicHostname, MayBeOneThatOnlyAPrivateCaCertifies) {
  for (const char* name :
       {"site.cardea.test", "a.test", "printer.local", "app.internal", "a.example", "nas.home.arpa",
        "host.corp", "host.lan", "me.github.io", "github.io", "a.com", "www.ck"}) {
    EXPECT_EQ(parse_public_hostname(name), name);
  }
}

TEST(PublicHostname, IsRefusedWithASentenceIfNoCaCanCertifyIt) {
  const std::string label63(63, 'a');
  const std::pair<std::string, const char*> table[] = {
      {"", "it is empty"},
      {".", "it is empty"},
      {"a..example", "a part between two dots is empty"},
      {".a.example", "a part between two dots is empty"},
      {"-a.example", "begins or ends with '-'"},
      {"a b.example", "only letters"},
      {"a.example:80", "only letters"},
      {"https://a.example", "only letters"},
      {"a.example/", "only letters"},
      {"a'b.example", "only letters"},
      {label63 + "a.example", "longer than 63 characters"},
      {label63 + "." + label63 + "." + label63 + "." + label63, "longer than 253 characters"},
      {std::string("a\0.example", 10), "only letters"},
      {"127.0.0.1", "is an IP address; give a hostname"},
      {"::1", "is an IP address"},
      {"[::1]", "is an IP address"},
      {"2001:db8::1", "is an IP address"},
      {"127.1", "ends in a number"},
      {"10.0.0.256", "ends in a number"},
      {"\xef\xbc\x91.0.0.1", "ends in a number"},
      {"*.example.com", "wildcard, which takes the dns-01 challenge that Cardea does not do"},
      {"*.", "wildcard"},
      {"*.*", "has a '*' in it"},
      {"*", "has a '*' in it"},
      {"*.*.example.com", "has a '*' in it"},
      {"a*.example.com", "has a '*' in it"},
      {"www.*.com", "has a '*' in it"},
      {"a_b.example.com", "has an underscore"},
      {"_acme-challenge.example.com", "has an underscore"},
      {"a_\xc3\xbc.example", "has an underscore"},
      {"com",
       "public suffix, below which others have their names; give a full hostname such as www.example.com"},
      {"co.uk", "such as www.example.co.uk"},
      {"CO.UK.", "public suffix"},
      {"foo.ck", "public suffix"},
      {"xn--p1ai", "public suffix"},
      {"\xd1\x80\xd1\x84", "public suffix"},
      {"localhost", "has no domain"},
      {"intranet", "has no domain"},
      {"test", "has no domain"},
      {"app.localhost", ".localhost names this machine only"},
      {"a.invalid", ".invalid exists nowhere"},
      {"abcdefghijklmnop.onion", ".onion is known to Tor only"},
      {"a.b.alt", ".alt is not in the DNS"},
      {"1.0.0.127.in-addr.arpa", ".arpa names addresses"},
      {"myhome.arpa", ".arpa names addresses"},
      {"a.xn--zzzzzzzz99999.example", "\"xn--zzzzzzzz99999\" is no valid Punycode"},
      {"i\xe2\x9d\xa4.ws", "disallowed character"},
      {"a\xe2\x80\x8d"
       "b.example",
       "context-j"},
      {"\xff.example", "encoding error"},
      {"\xc3\xbc..example", "a part between two dots is empty"},
      {std::string("\xc3\xbc\0.example", 11), "has a NUL"},
      {"\xc3\xbc" + std::string(2000, 'a'), "too long"},
      {"\xc3\xbc" + label63 + ".example", "is not a hostname"},
  };
  for (const auto& [text, says] : table) {
    const auto name = parse_public_hostname(text);
    ASSERT_TRUE(is_invalid(name)) << text;
    EXPECT_NE(name.error().context.find(says), std::string::npos) << text << ": " << name.error().context;
    EXPECT_FALSE(name.error().context.ends_with('.')) << "the caller ends the sentence";
  }
}

TEST(CanonicalHostname, LeavesWhatIsNoHostname) {
  EXPECT_EQ(canonical_hostname("A_B.Example."), "a_b.example");
  EXPECT_EQ(canonical_hostname("LOCALHOST"), "localhost");
  for (const char* text : {"", "a b", "*.A.example", "\xff.A"}) EXPECT_EQ(canonical_hostname(text), text);
}

TEST(CertName, HasLettersDigitsAndAFewSigns) {
  for (const std::string& name : {std::string("a"), std::string("0"), std::string("www.example.com"),
                                  std::string("A-b_c.9"), std::string(128, 'a')}) {
    EXPECT_TRUE(check_cert_name(name)) << name;
    EXPECT_TRUE(check_token_name(name)) << name;
  }
  for (const std::string& name : {std::string(), std::string("-a"), std::string(".a"), std::string("_a"),
                                  std::string("a b"), std::string("a/b"), std::string("a:b"),
                                  std::string("\xc3\xa4"), std::string("a\0b", 3), std::string(260, 'a')}) {
    EXPECT_TRUE(is_invalid(check_cert_name(name))) << name;
    EXPECT_TRUE(is_invalid(check_token_name(name))) << name;
  }
}

TEST(CertName, HasRoomForThatOfEveryTarget) {
  const std::string longest = "proxy-" + std::string(253, 'a');
  EXPECT_TRUE(check_cert_name(longest));
  EXPECT_TRUE(is_invalid(check_cert_name(longest + "a")));
  EXPECT_TRUE(is_invalid(check_token_name(std::string(129, 'a'))));
}

TEST(Email, HasOneAtWithSomethingOnBothSides) {
  for (const std::string_view email : {"a@b", "first.last+tag@example.com"}) {
    EXPECT_TRUE(check_email(email)) << email;
  }
  for (const std::string& email :
       {std::string(), std::string("a"), std::string("@b"), std::string("a@"), std::string("a@b@c"),
        std::string("a b@c"), std::string("a@b,c@d"), std::string("a@b?subject=x"), std::string("a@b\n"),
        std::string(253, 'a') + "@b"}) {
    EXPECT_TRUE(is_invalid(check_email(email))) << email;
  }
}

TEST(DirectoryUrl, IsHttps) {
  const net::AddressPolicy policy({.private_networks = true});
  EXPECT_TRUE(check_directory_url("https://acme.example/directory", "", policy));
  EXPECT_TRUE(check_directory_url("https://localhost:14000/dir", "", policy));
  for (const std::string_view url : {"", "http://acme.example/directory", "acme.example", "https://"}) {
    EXPECT_TRUE(is_invalid(check_directory_url(url, url, policy))) << url;
  }
  for (const std::string_view url :
       {"https://127.0.0.1:14000/dir", "https://169.254.169.254/", "https://[::1]/dir"}) {
    EXPECT_TRUE(is_invalid(check_directory_url(url, "https://acme.example/directory", policy))) << url;
    EXPECT_TRUE(check_directory_url(url, url, policy)) << "the operator's own";
  }
  EXPECT_TRUE(check_directory_url("https://10.0.0.1/dir", "", policy));
}

TEST(Dashed, HasNoDots) {
  EXPECT_EQ(dashed("api.example.com"), "api-example-com");
  EXPECT_EQ(dashed("localhost"), "localhost");
}

}  // namespace
}  // namespace cardea::api
