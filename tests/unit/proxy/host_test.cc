#include "proxy/host.h"

#include <gtest/gtest.h>

namespace cardea::proxy {
namespace {

bool name_covers(std::string_view certificate_name, std::string_view hostname) {
  return covers(std::vector<std::string>{"other.example", std::string(certificate_name)}, hostname);
}

TEST(CertificateCovers, ItsNames) {
  EXPECT_TRUE(name_covers("a.example", "a.example"));
  EXPECT_TRUE(name_covers("a.example", "other.example"));
  EXPECT_FALSE(name_covers("a.example", "b.example"));
  EXPECT_FALSE(name_covers("a.example", "www.a.example"));
  EXPECT_FALSE(name_covers("a.example", "example"));
  EXPECT_FALSE(name_covers("a.example", ""));
}

TEST(CertificateCovers, ExactlyOneLabelWithAWildcard) {
  EXPECT_TRUE(name_covers("*.a.example", "www.a.example"));
  EXPECT_FALSE(name_covers("*.a.example", "a.example"));
  EXPECT_FALSE(name_covers("*.a.example", ".a.example"));
  EXPECT_FALSE(name_covers("*.a.example", "x.www.a.example"));
  EXPECT_FALSE(name_covers("*.a.example", "www-a.example"));
  EXPECT_FALSE(name_covers("*.a.example", "www.b.example"));
  EXPECT_FALSE(name_covers("*.a.example", ""));
}

TEST(CertificateCovers, NothingWithAWildcardElsewhere) {
  EXPECT_FALSE(name_covers("w*.a.example", "www.a.example"));
  EXPECT_FALSE(name_covers("www.*.example", "www.a.example"));
  EXPECT_FALSE(name_covers("*", "localhost"));
}

TEST(CertificateCovers, NothingWithoutACertificate) {
  EXPECT_FALSE(covers(std::vector<std::string>{}, "a.example"));
}

}  // namespace
}  // namespace cardea::proxy
