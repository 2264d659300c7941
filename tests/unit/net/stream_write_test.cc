#include "net/stream_fixture.h"

namespace cardea::net {
namespace {

using StreamWrite = StreamTest;

TEST_F(StreamWrite, SendsNothingBeforeFlush) {
  ASSERT_TRUE(stream_->write("one "));
  stream_->output().append("two");
  EXPECT_EQ(stream_->queued(), 7U);
  turn();
  EXPECT_EQ(peer_takes(), "");
  auto flushing = start(flush());
  ASSERT_TRUE(flushing->done()) << "the socket had room";
  EXPECT_TRUE(flushing->wait());
  EXPECT_EQ(peer_takes(), "one two");
  EXPECT_EQ(stream_->queued(), 0U);
}

TEST_F(StreamWrite, SendsLargePiecesAtOnceBehindWhatIsQueued) {
  const std::string large(10'000, 'x');
  ASSERT_TRUE(stream_->write("head "));
  ASSERT_TRUE(stream_->write(large));
  EXPECT_EQ(stream_->queued(), 0U);
  ASSERT_TRUE(stream_->write("tail"));
  EXPECT_EQ(peer_takes(), "head " + large);
  EXPECT_TRUE(run(flush()));
  EXPECT_EQ(peer_takes(), "tail");
}

TEST_F(StreamWrite, KeepsTheOrderOfPiecesBehindAFullSocket) {
  const std::string sent = many_bytes();
  const std::string_view pieces = sent;
  constexpr std::size_t kPiece = 50'000;
  for (std::size_t at = 0; at < pieces.size(); at += kPiece) {
    ASSERT_TRUE(stream_->write(pieces.substr(at, kPiece)));
  }
  auto flushing = start(flush());
  ASSERT_FALSE(flushing->done());
  ASSERT_TRUE(stream_->write(pieces.substr(0, kPiece)));
  std::string received;
  for (int looks = 0; looks < 10'000 && received.size() < sent.size() + kPiece; ++looks) {
    received += peer_takes();
    turn();
  }
  EXPECT_TRUE(flushing->wait());
  EXPECT_TRUE(received == sent + sent.substr(0, kPiece));
}

TEST_F(StreamWrite, WaitsForAFullSocketAndGoesOn) {
  const std::string sent = many_bytes();
  ASSERT_TRUE(stream_->write(sent));
  auto flushing = start(flush());
  for (int i = 0; i < 5; ++i) turn();
  EXPECT_FALSE(flushing->done());
  EXPECT_GT(stream_->queued(), 0U);
  std::string received;
  while (!flushing->done()) {
    received += peer_takes();
    turn();
    ASSERT_LE(received.size(), sent.size());
  }
  EXPECT_TRUE(flushing->wait());
  while (received.size() < sent.size()) {
    const std::string rest = peer_takes();
    ASSERT_FALSE(rest.empty());
    received += rest;
  }
  EXPECT_TRUE(received == sent);
}

TEST_F(StreamWrite, ReadsWhileAFlushWaits) {
  ASSERT_TRUE(stream_->write(many_bytes()));
  auto flushing = start(flush());
  auto reading = start(read());
  peer_sends("meanwhile");
  EXPECT_EQ(reading->wait(), true);
  EXPECT_EQ(take_input(), "meanwhile");
  EXPECT_FALSE(flushing->done());
}

TEST_F(StreamWrite, TimesOutWhenThePeerTakesNothing) {
  ASSERT_TRUE(stream_->write(many_bytes()));
  auto result = run(flush(200ms));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::timeout);
  EXPECT_EQ(result.error().source, base::ErrorSource::upstream);
}

TEST_F(StreamWrite, WaitsForAPeerThatTakesALittleUnlessARateIsAsked) {
  constexpr RateMin kMore{1'000'000'000};
  for (const RateMin rate : {RateMin::none, kMore}) {
    open_pair();
    const std::string sent = many_bytes();
    ASSERT_TRUE(stream_->write(sent));
    auto flushing = start(flush(400ms, rate));
    std::string piece(64 * 1024, '\0');
    // For longer than the limit the peer takes some at each look.
    for (int look = 0; look < 12 && !flushing->done(); ++look) {
      EXPECT_GT(::recv(peer_.get(), piece.data(), piece.size(), 0), 0);
      run(sleep(100ms));
    }
    EXPECT_EQ(flushing->done(), rate == kMore);
    if (rate == kMore) EXPECT_EQ(flushing->wait().error().code, base::ErrorCode::timeout);
  }
}

TEST_F(StreamWrite, ReportsThatThePeerIsGone) {
  peer_.close();
  ASSERT_TRUE(stream_->write("to nobody"));
  auto result = run(flush());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::closed);
}

TEST_F(StreamWrite, ReportsThatThePeerWentWhileItWaited) {
  ASSERT_TRUE(stream_->write(many_bytes()));
  auto flushing = start(flush());
  turn();
  peer_.close();
  auto result = flushing->wait();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::closed);
}

TEST_F(StreamWrite, IsCancelledByCloseTogetherWithTheReader) {
  ASSERT_TRUE(stream_->write(many_bytes()));
  auto flushing = start(flush());
  auto reading = start(read());
  stream_->close();
  EXPECT_FALSE(flushing->done());
  auto flushed = flushing->wait();
  auto got = reading->wait();
  ASSERT_FALSE(flushed);
  ASSERT_FALSE(got);
  EXPECT_EQ(flushed.error().code, base::ErrorCode::cancelled);
  EXPECT_EQ(got.error().code, base::ErrorCode::cancelled);
  auto again = run(flush());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::ErrorCode::cancelled);
  auto now = stream_->send_now();
  ASSERT_FALSE(now);
  EXPECT_EQ(now.error().code, base::ErrorCode::cancelled);
}

TEST_F(StreamWrite, MayBeDestroyedWhileItWaits) {
  const std::string sent = many_bytes();
  ASSERT_TRUE(stream_->write(sent));
  auto flushing = start(flush(200ms));
  turn();
  flushing.reset();
  std::string received;
  for (int i = 0; i < 3; ++i) {
    received += peer_takes();
    turn();
  }
  auto next = start(flush());
  while (received.size() < sent.size()) {
    received += peer_takes();
    turn();
  }
  EXPECT_TRUE(next->wait());
  EXPECT_TRUE(received == sent);
}

TEST_F(StreamWrite, SendsAtOnceWhatTheSocketTakes) {
  ASSERT_TRUE(stream_->write("now"));
  EXPECT_TRUE(stream_->send_now());
  EXPECT_EQ(peer_takes(), "now");
  const std::string sent = many_bytes();
  ASSERT_TRUE(stream_->write(sent));
  EXPECT_TRUE(stream_->send_now());
  EXPECT_GT(stream_->queued(), 0U);
  EXPECT_LT(stream_->queued(), sent.size());
  std::string received;
  for (int looks = 0; looks < 10'000 && received.size() < sent.size(); ++looks) {
    received += peer_takes();
    turn();
  }
  EXPECT_TRUE(received == sent) << "the rest must follow by itself";
  EXPECT_EQ(stream_->queued(), 0U);
}

TEST_F(StreamWrite, EndsOneDirectionAndStillHears) {
  ASSERT_TRUE(stream_->write("goodbye"));
  stream_->end_output();
  EXPECT_EQ(peer_takes(), "goodbye");
  EXPECT_TRUE(peer_sees_end());
  EXPECT_TRUE(stream_->is_open());
  peer_sends("still here");
  EXPECT_EQ(run(read()), true);
  EXPECT_EQ(take_input(), "still here");
}

TEST_F(StreamWrite, ClosesTheSocketOfAStreamThatIsAssignedOver) {
  *stream_ = Stream();
  EXPECT_FALSE(stream_->is_open());
  EXPECT_TRUE(peer_sees_end());
}

}  // namespace
}  // namespace cardea::net
