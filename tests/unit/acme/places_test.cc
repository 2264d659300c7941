#include "acme/places.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace cardea::acme {
namespace {

const std::string kOne = "https://one.example/directory";
const std::string kOther = "https://other.example/directory";

std::vector<Places::Place> fill(Places& places, const std::string& directory_url) {
  std::vector<Places::Place> held;
  while (auto place = places.take(directory_url)) held.push_back(std::move(*place));
  return held;
}

TEST(Places, AreBoundedForEachDirectory) {
  Places places;
  auto held = fill(places, kOne);
  EXPECT_EQ(held.size(), base::kWorkPerDirectoryMax);
  EXPECT_TRUE(places.take(kOther)) << "a CA that hangs leaves room for others";
  held.pop_back();
  EXPECT_TRUE(places.take(kOne));
}

TEST(Places, GoToThoseWhoWaitInTheirSequence) {
  Places places;
  auto held = fill(places, kOne);
  EXPECT_TRUE(places.wait(kOne, "first"));
  EXPECT_TRUE(places.wait(kOne, "second"));
  EXPECT_TRUE(places.wait(kOne, "first")) << "waits already";
  EXPECT_EQ(places.next({}), std::nullopt) << "there is no place";
  held.pop_back();
  EXPECT_EQ(places.next({}), "first");
  EXPECT_EQ(places.next({}), "second") << "whoever is named takes a place, or leaves it to the next one";
  EXPECT_EQ(places.next({}), std::nullopt);
}

TEST(Places, DoNotGoToWhomIsBusy) {
  Places places;
  auto held = fill(places, kOne);
  EXPECT_TRUE(places.wait(kOne, "busy"));
  EXPECT_TRUE(places.wait(kOne, "idle"));
  held.pop_back();
  EXPECT_EQ(places.next({"busy"}), "idle");
  EXPECT_EQ(places.next({"busy"}), std::nullopt);
  EXPECT_EQ(places.next({}), "busy");
}

TEST(Places, OfOneDirectoryAreNotForThoseWhoWaitAtAnother) {
  Places places;
  auto held = fill(places, kOne);
  auto others = fill(places, kOther);
  EXPECT_TRUE(places.wait(kOne, "here"));
  EXPECT_TRUE(places.wait(kOther, "there"));
  others.pop_back();
  EXPECT_EQ(places.next({}), "there");
  EXPECT_EQ(places.next({}), std::nullopt);
}

TEST(Places, HaveABoundedNumberWhoWait) {
  Places places;
  const auto held = fill(places, kOne);
  for (std::size_t i = 0; i < base::kWaitingPerDirectoryMax; ++i) {
    EXPECT_TRUE(places.wait(kOne, std::to_string(i)));
  }
  EXPECT_FALSE(places.wait(kOne, "one more"));
  EXPECT_TRUE(places.wait(kOther, "one more"));
}

TEST(Places, WhoWaitsIsNamedWhenAllWorkHasEnded) {
  Places places;
  {
    const auto held = fill(places, kOne);
    EXPECT_TRUE(places.wait(kOne, "waits"));
  }
  EXPECT_EQ(places.next({}), "waits");
  EXPECT_EQ(places.next({}), std::nullopt);
}

}  // namespace
}  // namespace cardea::acme
