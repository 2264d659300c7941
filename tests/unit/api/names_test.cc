#include "api/names.h"

#include <gtest/gtest.h>

namespace cardea::api {
namespace {

template <typename T>
bool is_invalid(const base::Result<T>& result) {
  return !result && result.error().code == base::ErrorCode::invalid && !result.error().context.empty();
}

TEST(PublicHostname, IsMadeCanonical) {
  EXPECT_EQ(parse_public_hostname("www.example.com"), "www.example.com");
  EXPECT_EQ(parse_public_hostname("WWW.Example.Com."), "www.example.com");
}

TEST(PublicHostname, NeedsADomainAndIsNoAddress) {
  for (const std::string_view name : {"", ".", "localhost", "127.0.0.1", "::1", "2001:db8::1", "a b.example",
                                      "*.example.com", "a..example", "-a.example", "a.example:80"}) {
    EXPECT_TRUE(is_invalid(parse_public_hostname(name))) << name;
  }
}

TEST(CertName, HasLettersDigitsAndAFewSigns) {
  for (const std::string& name : {std::string("a"), std::string("0"), std::string("www.example.com"),
                                  std::string("A-b_c.9"), std::string(128, 'a')}) {
    EXPECT_TRUE(check_cert_name(name)) << name;
    EXPECT_TRUE(check_token_name(name)) << name;
  }
  for (const std::string& name : {std::string(), std::string("-a"), std::string(".a"), std::string("_a"),
                                  std::string("a b"), std::string("a/b"), std::string("a:b"),
                                  std::string("\xc3\xa4"), std::string("a\0b", 3), std::string(129, 'a')}) {
    EXPECT_TRUE(is_invalid(check_cert_name(name))) << name;
    EXPECT_TRUE(is_invalid(check_token_name(name))) << name;
  }
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
  EXPECT_TRUE(check_directory_url("https://acme.example/directory"));
  EXPECT_TRUE(check_directory_url("https://localhost:14000/dir"));
  for (const std::string_view url : {"", "http://acme.example/directory", "acme.example", "https://"}) {
    EXPECT_TRUE(is_invalid(check_directory_url(url))) << url;
  }
}

TEST(Dashed, HasNoDots) {
  EXPECT_EQ(dashed("api.example.com"), "api-example-com");
  EXPECT_EQ(dashed("localhost"), "localhost");
}

}  // namespace
}  // namespace cardea::api
