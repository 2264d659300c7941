#include "proxy/dot_segments.h"

#include <gtest/gtest.h>

namespace cardea::proxy {
namespace {

TEST(DotSegments, AreSeenHoweverTheyAreWritten) {
  for (const char* target : {"/..", "/.", "/../admin", "/a/../b", "/a/./b", "/a/..", "/a/.?q", "/%2e%2e/",
                             "/%2E./a", "/.%2e", "/..%2fadmin", "/a%2f..", "/..\\admin", "/a\\..",
                             "/a%5c..%5Cb", "/..;a=b/c", "/.;/", "/..%3bx", "//.."}) {
    EXPECT_TRUE(has_dot_segment(target)) << target;
  }
}

TEST(DotSegments, AreNotFoundInOtherNames) {
  for (const char* target :
       {"/", "//", "/a", "/...", "/..a", "/a..", "/.well-known/x", "/a/..b/c", "/a?/../b", "/;..", "/a;../b",
        "/%2e%2e%2e", "/%252e%252e/", "/%2", "/%", "/.%", "/.%2x", "*"}) {
    EXPECT_FALSE(has_dot_segment(target)) << target;
  }
}

}  // namespace
}  // namespace cardea::proxy
