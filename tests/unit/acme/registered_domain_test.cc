#include "acme/registered_domain.h"

#include <gtest/gtest.h>

namespace cardea::acme {
namespace {

TEST(RegisteredDomain, IsOneLabelMoreThanThePublicSuffix) {
  const std::pair<const char*, const char*> table[] = {
      {"example.com", "example.com"},
      {"www.example.com", "example.com"},
      {"a.b.c.example.co.uk", "example.co.uk"},
      {"co.uk", "co.uk"},
      {"com", "com"},
      {"localhost", "localhost"},
      {"site1.cardea.test", "cardea.test"},
      {"a.b.internal", "b.internal"},
      {"me.github.io", "me.github.io"},
      {"www.me.github.io", "me.github.io"},
      {"github.io", "github.io"},
      {"www.xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai"},
      {"www.city.kawasaki.jp", "city.kawasaki.jp"},
      {"", ""},
  };
  for (const auto& [hostname, expected] : table) EXPECT_EQ(registered_domain(hostname), expected) << hostname;
}

TEST(RegistrySuffix, IsWhereNamesAreSold) {
  for (const char* name : {"com", "co.uk", "de", "xn--p1ai", "foo.ck", "uk"}) {
    EXPECT_TRUE(is_registry_suffix(name)) << name;
  }
  for (const char* name :
       {"example.com", "github.io", "test", "cardea.test", "internal", "localhost", "www.ck", ""}) {
    EXPECT_FALSE(is_registry_suffix(name)) << name;
  }
}

}  // namespace
}  // namespace cardea::acme
