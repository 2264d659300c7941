#include "net/name_cache.h"

#include <map>
#include <vector>

#include "base/limits.h"
#include "net/loop_fixture.h"

namespace cardea::net {
namespace {

using namespace std::chrono_literals;
using Use = NameRecord::Use;

const Clock::time_point kStart{1h};

Addresses one(const char* address) {
  return {SocketAddress::from_ip(boost::asio::ip::make_address(address), 0)};
}

std::unexpected<base::Error> nothing() {
  return base::fail_retryable(base::ErrorCode::unavailable, "no such name", base::ErrorSource::self);
}

TEST(NameRecord, IsAskedForWhenItIsNeeded) {
  NameRecord record;
  EXPECT_EQ(record.use(kStart), Use::ask);
  record.asked(kStart);
  EXPECT_EQ(record.use(kStart), Use::wait) << "one question is enough";
}

TEST(NameRecord, IsFreshForAWhileAndThenAskedForAgain) {
  NameRecord record;
  record.asked(kStart);
  record.answered(one("10.0.0.1"), kStart);
  EXPECT_EQ(record.use(kStart + base::kNameFresh - 1ms), Use::addresses);
  EXPECT_EQ(record.use(kStart + base::kNameFresh), Use::ask);
}

TEST(NameRecord, IsAskedForSoonWhenNobodyAcceptedAtItsAddresses) {
  NameRecord record;
  record.answered(one("10.0.0.1"), kStart);
  record.doubted(kStart + 1s);
  record.doubted(kStart + 1500ms);
  EXPECT_EQ(record.use(kStart + 1500ms), Use::addresses) << "a request that fails is no reason for a lookup";
  EXPECT_EQ(record.use(kStart + 1s + base::kNameDoubted), Use::ask);
  record.answered(one("10.0.0.1"), kStart + 3s);
  record.doubted(kStart + 3s + base::kNameFresh - 1ms);
  EXPECT_EQ(record.use(kStart + 3s + base::kNameFresh), Use::ask) << "doubt makes nothing fresher";
}

TEST(NameRecord, UsesItsLastGoodAnswerWhileNoneComes) {
  NameRecord record;
  record.asked(kStart);
  record.answered(one("10.0.0.1"), kStart);
  const auto later = kStart + base::kNameFresh;
  record.asked(later);
  EXPECT_EQ(record.use(later), Use::wait);
  EXPECT_EQ(record.use(later + base::kNameRefreshPatience), Use::addresses) << "the resolver is silent";
  EXPECT_EQ(record.use(kStart + base::kNameUsable), Use::failure) << "for too long";
  EXPECT_EQ(record.failure.code, base::ErrorCode::timeout);
}

TEST(NameRecord, UsesItsLastGoodAnswerWhileOnlyErrorsCome) {
  NameRecord record;
  record.answered(one("10.0.0.1"), kStart);
  auto now = kStart + base::kNameFresh;
  for (; now < kStart + base::kNameUsable; now += base::kNameFailureKept) {
    ASSERT_EQ(record.use(now), Use::ask);
    record.asked(now);
    record.answered(nothing(), now);
    ASSERT_EQ(record.use(now), Use::addresses);
  }
  record.asked(now);
  record.answered(nothing(), now);
  EXPECT_EQ(record.use(now), Use::failure);
  EXPECT_EQ(record.failure.code, base::ErrorCode::unavailable);
}

TEST(NameRecord, FailsAtOnceForAMomentAfterAFailure) {
  NameRecord record;
  record.asked(kStart);
  record.answered(nothing(), kStart);
  EXPECT_EQ(record.use(kStart + base::kNameFailureKept - 1ms), Use::failure);
  EXPECT_EQ(record.use(kStart + base::kNameFailureKept), Use::ask);
}

TEST(NameRecord, FailsAtOnceWhileTheResolverIsStuck) {
  NameRecord record;
  record.asked(kStart);
  EXPECT_EQ(record.use(kStart + base::kNamePatience - 1ms), Use::wait);
  EXPECT_EQ(record.use(kStart + base::kNamePatience), Use::failure);
  record.answered(one("10.0.0.1"), kStart + 20s);
  EXPECT_EQ(record.use(kStart + 20s), Use::addresses) << "it came in the end";
}

TEST(NameRecord, ForgetsAFailureWhenAnAnswerComes) {
  NameRecord record;
  record.answered(nothing(), kStart);
  record.answered(one("10.0.0.1"), kStart + 1ms);
  EXPECT_EQ(record.use(kStart + 2ms), Use::addresses);
}

// The questions are kept, and answered when the test says so.
class NameCacheTest : public LoopTest {
 protected:
  using Answer = std::function<void(base::Result<Addresses>)>;

  base::Result<Addresses> find(const std::string& host) { return run(names_.find(host, 80, Deadline(20s))); }

  std::vector<std::pair<std::string, Answer>> asked_;
  NameCache names_{loop_, [this](EventLoop&, std::string host, Answer answer) {
                     asked_.emplace_back(std::move(host), std::move(answer));
                   }};
};

TEST_F(NameCacheTest, AsksOnceForAllWhoWait) {
  auto first = start(names_.find("backend", 80, Deadline(20s)));
  auto second = start(names_.find("backend", 443, Deadline(20s)));
  auto other = start(names_.find("other", 80, Deadline(20s)));
  ASSERT_EQ(asked_.size(), 2U);
  asked_[0].second(one("10.0.0.1"));
  EXPECT_EQ(first->wait().value().front().port(), 80);
  EXPECT_EQ(second->wait().value().front().port(), 443);
  EXPECT_FALSE(other->done()) << "nobody waits for another name";
  asked_[1].second(nothing());
  EXPECT_EQ(other->wait().error().code, base::ErrorCode::unavailable);
  EXPECT_TRUE(find("backend")) << "at once";
  EXPECT_FALSE(find("other")) << "at once";
  EXPECT_EQ(asked_.size(), 2U);
}

TEST_F(NameCacheTest, WaitsNoLongerThanItsDeadline) {
  const auto found = run(names_.find("backend", 80, Deadline(100ms)));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, base::ErrorCode::timeout);
}

TEST_F(NameCacheTest, SurvivesThatWhoWaitedIsGone) {
  auto abandoned = start(names_.find("backend", 80, Deadline(20s)));
  abandoned.reset();
  asked_.at(0).second(one("10.0.0.1"));
  EXPECT_TRUE(find("backend"));
}

TEST_F(NameCacheTest, KeepsABoundedNumberOfNames) {
  for (std::size_t i = 0; i < base::kNamesKeptMax; ++i) {
    auto found = start(names_.find("name-" + std::to_string(i), 80, Deadline(20s)));
    asked_.back().second(one("10.0.0.1"));
    ASSERT_TRUE(found->wait());
  }
  // One more pushes out one that nobody waits for; it is asked for again.
  auto more = start(names_.find("one-more", 80, Deadline(20s)));
  EXPECT_EQ(asked_.back().first, "one-more");
  asked_.back().second(one("10.0.0.1"));
  EXPECT_TRUE(more->wait());
}

TEST_F(NameCacheTest, FailsAtOnceWhenEveryNameItMayKeepIsStuck) {
  std::vector<std::unique_ptr<Started<base::Result<Addresses>>>> stuck;
  for (std::size_t i = 0; i < base::kNamesKeptMax; ++i) {
    stuck.push_back(start(names_.find("name-" + std::to_string(i), 80, Deadline(20s))));
  }
  const auto found = find("one-more");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, base::ErrorCode::unavailable);
}

TEST_F(NameCacheTest, DropsAnAnswerThatComesAfterItsEnd) {
  Answer late;
  {
    NameCache names(loop_, [&](EventLoop&, const std::string&, Answer answer) { late = std::move(answer); });
    auto waiting = start(names.find("backend", 80, Deadline(20s)));
    waiting.reset();
  }
  late(one("10.0.0.1"));
}

TEST_F(NameCacheTest, AsksTheSystemUnlessToldOtherwise) {
  NameCache names(loop_);
  const auto found = run(names.find("localhost", 8080, Deadline(20s)));
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->front().port(), 8080);
  EXPECT_TRUE(found->front().to_ip().is_loopback());
}

}  // namespace
}  // namespace cardea::net
