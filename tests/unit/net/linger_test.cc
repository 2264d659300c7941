#include "net/linger.h"

#include "net/stream_fixture.h"

namespace cardea::net {
namespace {

class LingerTest : public StreamTest {
 protected:
  Task<bool> end() {
    co_await linger(*stream_);
    co_return true;
  }
};

TEST_F(LingerTest, SendsWhatIsQueuedAndWaitsForThePeersEnd) {
  stream_->output().append("last words");
  auto ending = start(end());
  EXPECT_EQ(peer_takes(), "last words");
  EXPECT_TRUE(peer_sees_end());
  EXPECT_FALSE(ending->done());
  peer_ = {};
  EXPECT_TRUE(ending->wait());
}

TEST_F(LingerTest, DropsWhatThePeerStillSends) {
  auto ending = start(end());
  for (int i = 0; i < 3; ++i) {
    EXPECT_GT(peer_sends("too late"), 0U);
    turn();
  }
  EXPECT_FALSE(ending->done());
  EXPECT_EQ(peer_takes(), "");
  peer_ = {};
  EXPECT_TRUE(ending->wait());
}

TEST_F(LingerTest, EndsThoughThePeerSendsForEver) {
  auto ending = start(end());
  const std::string bytes = many_bytes();
  while (!ending->done()) {
    peer_sends(bytes);
    turn();
  }
  EXPECT_TRUE(ending->wait());
}

TEST_F(LingerTest, DoesNotWaitForAPeerThatHasEnded) {
  peer_ = {};
  EXPECT_EQ(run(read()), false);
  EXPECT_TRUE(start(end())->done());
}

}  // namespace
}  // namespace cardea::net
