#include "proxy/host.h"

#include <gtest/gtest.h>

namespace cardea::proxy {
namespace {

bool covers(std::string_view certificate_name, std::string_view hostname) {
  Host host;
  host.certificate_names = {"other.example", std::string(certificate_name)};
  return host.covers(hostname);
}

TEST(HostCovers, ItsNames) {
  EXPECT_TRUE(covers("a.example", "a.example"));
  EXPECT_TRUE(covers("a.example", "other.example"));
  EXPECT_FALSE(covers("a.example", "b.example"));
  EXPECT_FALSE(covers("a.example", "www.a.example"));
  EXPECT_FALSE(covers("a.example", "example"));
  EXPECT_FALSE(covers("a.example", ""));
}

TEST(HostCovers, ExactlyOneLabelWithAWildcard) {
  EXPECT_TRUE(covers("*.a.example", "www.a.example"));
  EXPECT_FALSE(covers("*.a.example", "a.example"));
  EXPECT_FALSE(covers("*.a.example", ".a.example"));
  EXPECT_FALSE(covers("*.a.example", "x.www.a.example"));
  EXPECT_FALSE(covers("*.a.example", "www-a.example"));
  EXPECT_FALSE(covers("*.a.example", "www.b.example"));
  EXPECT_FALSE(covers("*.a.example", ""));
}

TEST(HostCovers, NothingWithAWildcardElsewhere) {
  EXPECT_FALSE(covers("w*.a.example", "www.a.example"));
  EXPECT_FALSE(covers("www.*.example", "www.a.example"));
  EXPECT_FALSE(covers("*", "localhost"));
}

TEST(HostCovers, NothingWithoutACertificate) {
  EXPECT_FALSE(Host{}.covers("a.example"));
}

}  // namespace
}  // namespace cardea::proxy
