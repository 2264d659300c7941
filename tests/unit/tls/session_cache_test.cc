#include "tls/session_cache.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tls/client.h"

namespace cardea::tls {
namespace {

using namespace std::chrono_literals;

class Sessions : public testing::Test {
 protected:
  static std::shared_ptr<const ClientContext> make_context() {
    return ClientContext::make({.verification = Verification::skipped}).value();
  }
  // One that can be told from others by its number.
  static SslSessionPtr make_session(int number) {
    SslSessionPtr session(SSL_SESSION_new());
    const std::string id = std::to_string(number);
    EXPECT_EQ(SSL_SESSION_set1_id(session.get(), reinterpret_cast<const unsigned char*>(id.data()),
                                  static_cast<unsigned>(id.size())),
              1);
    return session;
  }
  void keep(std::string_view server, int number) {
    cache_.keep(server, context_, {make_session(number), now_}, now_);
  }
  // Its number, 0 if there is none.
  int take(std::string_view server) { return number_of(cache_.take(server, context_, now_)); }
  static int number_of(const SessionCache::Entry& entry) {
    if (!entry.session) return 0;
    unsigned bytes = 0;
    const unsigned char* id = SSL_SESSION_get_id(entry.session.get(), &bytes);
    return std::stoi(std::string(reinterpret_cast<const char*>(id), bytes));
  }

  SessionCache cache_;
  std::shared_ptr<const ClientContext> context_ = make_context();
  SessionCache::Time now_ = net::Clock::now();
};

TEST_F(Sessions, AreTakenOutTheNewestFirst) {
  keep("a", 1);
  keep("a", 2);
  EXPECT_EQ(take("a"), 2);
  EXPECT_EQ(take("a"), 1);
  EXPECT_EQ(take("a"), 0);
}

TEST_F(Sessions, AreOfOneServer) {
  keep("a", 1);
  EXPECT_EQ(take("b"), 0);
  EXPECT_EQ(take("a"), 1);
}

TEST_F(Sessions, AreOfOneContextAndGoWithIt) {
  keep("a", 1);
  const auto other = make_context();
  EXPECT_EQ(number_of(cache_.take("a", other, now_)), 0);
  EXPECT_EQ(take("a"), 0) << "the server's trust has changed";
  keep("a", 2);
  cache_.keep("a", other, {make_session(3), now_}, now_);
  EXPECT_EQ(number_of(cache_.take("a", other, now_)), 3);
  EXPECT_EQ(number_of(cache_.take("a", other, now_)), 0);
  keep("a", 4);
  context_ = make_context();
  EXPECT_EQ(take("a"), 0);
}

TEST_F(Sessions, AreGoodForSoLongAfterTheVerification) {
  keep("a", 1);
  keep("b", 2);
  const auto verified = now_;
  now_ += base::kTlsSessionLifetime - 1ms;
  EXPECT_EQ(take("a"), 1);
  // Newer, but of a connection that was resumed.
  cache_.keep("b", context_, {make_session(3), verified}, now_);
  now_ += 1ms;
  EXPECT_EQ(take("b"), 0);
}

TEST_F(Sessions, ThatWereForbiddenAreNotUsed) {
  keep("a", 1);
  cache_.keep("a", context_, {SslSessionPtr(SSL_SESSION_new()), now_}, now_);
  EXPECT_EQ(take("a"), 1);
}

TEST_F(Sessions, AreOnlySoManyForOneServer) {
  const int max = base::kTlsSessionsPerServerMax;
  for (int number = 1; number <= max + 2; ++number) keep("a", number);
  for (int number = max + 2; number > 2; --number) EXPECT_EQ(take("a"), number);
  EXPECT_EQ(take("a"), 0);
}

TEST_F(Sessions, AreOfOnlySoManyServersAndTheLeastUsedGoes) {
  const int max = base::kTlsSessionServersMax;
  for (int number = 1; number <= max; ++number) {
    keep(std::to_string(number), number);
    now_ += 1ms;
  }
  keep("1", 1);
  now_ += 1ms;
  keep("new", 1000);
  EXPECT_EQ(take("2"), 0);
  for (const int number : {1, 3, max}) EXPECT_EQ(take(std::to_string(number)), number);
  EXPECT_EQ(take("new"), 1000);
}

}  // namespace
}  // namespace cardea::tls
