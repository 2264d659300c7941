#include "net/stream_fixture.h"

namespace cardea::net {
namespace {

using StreamRead = StreamTest;

TEST_F(StreamRead, DeliversWhatComes) {
  auto reading = start(read());
  EXPECT_FALSE(reading->done());
  peer_sends("hello");
  EXPECT_EQ(reading->wait(), true);
  EXPECT_EQ(take_input(), "hello");
  EXPECT_FALSE(stream_->ended());
}

TEST_F(StreamRead, ReturnsAtOnceWhatCameWhileNobodyRead) {
  peer_sends("early");
  turn();
  EXPECT_EQ(stream_->input().view(), "early");
  auto reading = start(read());
  ASSERT_TRUE(reading->done());
  EXPECT_EQ(reading->wait(), true);
}

TEST_F(StreamRead, KeepsWhatIsNotConsumed) {
  peer_sends("one");
  EXPECT_EQ(run(read()), true);
  stream_->input().consume(1);
  peer_sends("two");
  EXPECT_EQ(run(read()), true);
  EXPECT_EQ(stream_->input().view(), "netwo");
}

TEST_F(StreamRead, TellsTheEnd) {
  auto reading = start(read());
  peer_.close();
  EXPECT_EQ(reading->wait(), false);
  EXPECT_TRUE(stream_->ended());
  EXPECT_TRUE(stream_->is_open());
  EXPECT_EQ(run(read()), false) << "the end is told again";
}

TEST_F(StreamRead, DeliversDataThatCameTogetherWithTheEnd) {
  peer_sends("last words");
  peer_.close();
  EXPECT_EQ(run(read()), true);
  EXPECT_EQ(take_input(), "last words");
  EXPECT_EQ(run(read()), false);
}

TEST_F(StreamRead, DeliversDataThatCameWithTheEndWhileNobodyRead) {
  peer_sends("last words");
  peer_.close();
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_TRUE(stream_->ended());
  EXPECT_EQ(run(read()), true);
  EXPECT_EQ(take_input(), "last words");
  EXPECT_EQ(run(read()), false);
}

TEST_F(StreamRead, ReportsAReset) {
  stream_->output().append("never read");
  ASSERT_TRUE(run(flush()));
  peer_.close();  // with bytes unread, which is a reset for the other side
  auto result = run(read());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::closed);
  EXPECT_EQ(result.error().source, base::ErrorSource::upstream);
}

TEST_F(StreamRead, HoldsBackAPeerThatSendsMoreThanTheBufferMayHold) {
  const std::string sent = many_bytes();
  std::size_t accepted = 0;
  // Until the peer could send nothing for several turns.
  for (int stuck = 0; stuck < 5; turn()) {
    const std::size_t bytes = peer_sends(std::string_view(sent).substr(accepted));
    accepted += bytes;
    stuck = bytes == 0 ? stuck + 1 : 0;
    ASSERT_LT(accepted, sent.size()) << "nothing held the peer back";
  }
  EXPECT_GE(stream_->input().size(), base::kStreamBufferBytesMax);
  EXPECT_LT(stream_->input().size(), 2 * base::kStreamBufferBytesMax);

  std::string received = take_input();
  while (received.size() < sent.size()) {
    accepted += peer_sends(std::string_view(sent).substr(accepted));
    ASSERT_EQ(run(read()), true);
    ASSERT_LT(stream_->input().size(), 2 * base::kStreamBufferBytesMax);
    received += take_input();
  }
  EXPECT_TRUE(received == sent);
}

TEST_F(StreamRead, TimesOutAndCanBeUsedAgain) {
  auto result = run(read(200ms));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::timeout);
  EXPECT_EQ(result.error().source, base::ErrorSource::upstream);
  peer_sends("late");
  EXPECT_EQ(run(read(20s)), true);
  EXPECT_EQ(take_input(), "late");
}

TEST_F(StreamRead, ForgetsTheDeadlineOfAReadThatIsOver) {
  peer_sends("a");
  EXPECT_EQ(run(read(200ms)), true);
  const auto sleep = [this]() -> Task<int> {
    co_await loop_.sleep(500ms);
    co_return 0;
  };
  auto reading = start(read(20s));
  run(sleep());
  EXPECT_FALSE(reading->done());
  peer_sends("b");
  EXPECT_EQ(reading->wait(), true);
}

TEST_F(StreamRead, IsCancelledByClose) {
  auto reading = start(read());
  stream_->close();
  EXPECT_FALSE(reading->done()) << "not from inside close()";
  auto result = reading->wait();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::cancelled);
  EXPECT_FALSE(stream_->is_open());
  EXPECT_TRUE(peer_sees_end());
  stream_->close();
  auto again = run(read());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::ErrorCode::cancelled);
}

TEST_F(StreamRead, IsCancelledWhenTheOwnerIsDestroyed) {
  auto reading = start(read());
  stream_.reset();
  auto result = reading->wait();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::cancelled);
}

TEST_F(StreamRead, MayBeDestroyedWhileItWaits) {
  auto reading = start(read(200ms));
  reading.reset();
  peer_sends("for the next reader");
  EXPECT_EQ(run(read()), true);
  EXPECT_EQ(take_input(), "for the next reader");
}

TEST_F(StreamRead, MayBeDestroyedBetweenCloseAndItsAnswer) {
  auto reading = start(read());
  stream_->close();
  reading.reset();
  turn();
  EXPECT_FALSE(stream_->is_open());
}

TEST_F(StreamRead, LetsTheReaderCloseTheStream) {
  const auto read_and_close = [this]() -> Task<bool> {
    auto result = co_await stream_->read(20s);
    stream_.reset();
    co_return result.value_or(false);
  };
  auto reading = start(read_and_close());
  peer_sends("x");
  EXPECT_TRUE(reading->wait());
  EXPECT_TRUE(peer_sees_end());
}

TEST_F(StreamRead, GoesOnAfterTheStreamWasMoved) {
  auto reading = start(read());
  Stream moved = std::move(*stream_);
  EXPECT_FALSE(stream_->is_open());
  peer_sends("x");
  EXPECT_EQ(reading->wait(), true);
  EXPECT_EQ(moved.input().view(), "x");
}

TEST_F(StreamRead, GivesMemoryBackOnlyWhenNothingIsHeld) {
  peer_sends("held");
  EXPECT_EQ(run(read()), true);
  stream_->release_buffers();
  EXPECT_EQ(take_input(), "held");
  stream_->release_buffers();
  EXPECT_EQ(stream_->input().capacity(), 0U);
  peer_sends("again");
  EXPECT_EQ(run(read()), true);
  EXPECT_EQ(take_input(), "again");
}

using StreamWatch = StreamTest;

TEST_F(StreamWatch, TellsOnceThatThePeerEnded) {
  int told = 0;
  stream_->watch([&] { ++told; });
  peer_sends("data is no end");
  turn();
  EXPECT_EQ(told, 0);
  peer_.close();
  for (int i = 0; i < 5; ++i) turn();
  EXPECT_EQ(told, 1);
}

TEST_F(StreamWatch, TellsAlsoWhatHappenedBeforeButNotFromInside) {
  peer_.close();
  turn();
  ASSERT_TRUE(stream_->ended());
  int told = 0;
  stream_->watch([&] { ++told; });
  EXPECT_EQ(told, 0);
  turn();
  EXPECT_EQ(told, 1);
}

TEST_F(StreamWatch, TellsNothingAfterItWasStopped) {
  int told = 0;
  stream_->watch([&] { ++told; });
  stream_->watch({});
  peer_.close();
  for (int i = 0; i < 3; ++i) turn();
  stream_->watch([&] { ++told; });
  stream_->watch({});
  turn();
  EXPECT_EQ(told, 0);
}

TEST_F(StreamWatch, TellsNothingAfterAClose) {
  int told = 0;
  stream_->watch([&] { ++told; });
  stream_->close();
  turn();
  EXPECT_EQ(told, 0);
}

TEST_F(StreamWatch, MayDestroyTheStream) {
  stream_->watch([&] { stream_.reset(); });
  peer_.close();
  turn();
  EXPECT_FALSE(stream_);
}

TEST_F(StreamWatch, TellsOfTheEndBehindAFullInput) {
  for (const bool watched_before : {true, false}) {
    open_pair();
    const std::string sent = many_bytes();
    std::size_t accepted = 0;
    int told = 0;
    if (watched_before) stream_->watch([&] { ++told; });
    for (int i = 0; i < 20; ++i, turn()) accepted += peer_sends(std::string_view(sent).substr(accepted));
    EXPECT_EQ(told, 0);
    peer_.close();
    if (!watched_before) stream_->watch([&] { ++told; });
    for (int i = 0; i < 5; ++i) turn();
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(read_bytes(accepted) == sent.substr(0, accepted)) << "nothing is lost";
    EXPECT_EQ(run(read()), false);
  }
}

TEST_F(StreamWatch, SeesTheEndBehindAFullInputWhenItIsSetAgainAfterConsuming) {
  const std::string sent = many_bytes();
  std::size_t accepted = 0;
  for (int i = 0; i < 20; ++i, turn()) accepted += peer_sends(std::string_view(sent).substr(accepted));
  peer_.close();
  std::string received;
  int told = 0;
  for (int i = 0; i < 1000 && told == 0; ++i, turn()) {
    received += take_input();
    stream_->watch([&] { ++told; });
  }
  EXPECT_GT(told, 0);
  EXPECT_TRUE(received + take_input() == sent.substr(0, accepted));
}

}  // namespace
}  // namespace cardea::net
