#include "proxy/upstream_h1.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace cardea::proxy {
namespace {

using namespace std::chrono_literals;

TEST(UpstreamH1, IsKeptForLessTimeThanItsUpstreamKeepsIt) {
  struct Case {
    std::optional<std::chrono::seconds> announced;
    std::chrono::milliseconds kept;
  };
  const std::vector<Case> cases = {
      {{}, base::kUpstreamIdleTimeout},
      {std::chrono::seconds(4294967295), base::kUpstreamIdleTimeout},
      {6s, base::kUpstreamIdleTimeout},
      {5s, 4s},
      {4s, 3s},
      {2s, 1s},
      {1s, 0s},
      {0s, 0s},
  };
  for (const Case& c : cases) {
    http::ResponseHead head;
    head.keep_alive_timeout = c.announced;
    EXPECT_EQ(idle_limit_after(head), c.kept) << c.announced.value_or(-1s).count();
    head.keep_alive = false;
    EXPECT_EQ(idle_limit_after(head), 0s) << c.announced.value_or(-1s).count();
  }
}

}  // namespace
}  // namespace cardea::proxy
