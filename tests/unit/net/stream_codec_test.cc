#include "net/stream_codec.h"

#include <algorithm>

#include "net/stream_fixture.h"

namespace cardea::net {
namespace {

constexpr char kSecret = 0x5a;
constexpr char kGoodbye = '\0';
constexpr char kFault = '\1';

std::string scrambled(std::string_view bytes) {
  std::string out(bytes);
  for (char& byte : out) byte = static_cast<char>(byte ^ kSecret);
  return out;
}

// Changes every byte; a plain kGoodbye ends the stream, a plain kFault is an error.
class XorCodec final : public StreamCodec {
 public:
  base::Result<Decoded> decode(base::Buffer& wire, base::Buffer& plain,
                               std::size_t plain_bytes_max) override {
    while (!wire.empty() && plain.size() < plain_bytes_max) {
      const char byte = static_cast<char>(wire.view().front() ^ kSecret);
      wire.consume(1);
      if (byte == kGoodbye) return Decoded::ended;
      if (byte == kFault) return base::fail(base::ErrorCode::protocol, "a byte that must not be");
      plain.append({&byte, 1});
    }
    return Decoded::more;
  }
  [[nodiscard]] bool has_pending() const override { return false; }
  base::Status encode(std::string_view plain, base::Buffer& wire) override {
    if (plain.find(kFault) != std::string_view::npos)
      return base::fail(base::ErrorCode::protocol, "a byte that must not be");
    wire.append(scrambled(plain));
    return {};
  }
  void encode_end(base::Buffer& wire) override { wire.append(scrambled({&kGoodbye, 1})); }
};

// Bytes without the two that mean something to the codec.
std::string plain_bytes(std::string bytes) {
  std::ranges::replace_if(bytes, [](char byte) { return byte == kGoodbye || byte == kFault; }, 'x');
  return bytes;
}

class StreamCodecTest : public StreamTest {
 protected:
  base::Status install() { return stream_->set_codec(std::make_unique<XorCodec>()); }
};

TEST_F(StreamCodecTest, StandsBetweenTheWireAndTheUserBothWays) {
  EXPECT_EQ(stream_->codec(), nullptr);
  ASSERT_TRUE(install());
  EXPECT_NE(stream_->codec(), nullptr);
  peer_sends(scrambled("question"));
  EXPECT_EQ(run(read()), true);
  EXPECT_EQ(take_input(), "question");
  ASSERT_TRUE(stream_->write("answer"));
  ASSERT_TRUE(run(flush()));
  EXPECT_EQ(peer_takes(), scrambled("answer"));
}

TEST_F(StreamCodecTest, GetsTheBytesThatWereReceivedBeforeIt) {
  peer_sends("plain" + scrambled("secret"));
  EXPECT_EQ(run(read()), true);
  stream_->input().consume(5);
  ASSERT_TRUE(install());
  auto reading = start(read());
  ASSERT_TRUE(reading->done());
  EXPECT_EQ(reading->wait(), true);
  EXPECT_EQ(take_input(), "secret");
}

TEST_F(StreamCodecTest, WaitsForBytesIfNoneWereReceivedBeforeIt) {
  peer_sends("plain");
  EXPECT_EQ(run(read()), true);
  stream_->input().consume(5);
  ASSERT_TRUE(install());
  auto reading = start(read());
  EXPECT_FALSE(reading->done());
  peer_sends(scrambled("secret"));
  EXPECT_EQ(reading->wait(), true);
  EXPECT_EQ(take_input(), "secret");
}

TEST_F(StreamCodecTest, RefusesBadBytesThatWereReceivedBeforeIt) {
  peer_sends(scrambled({&kFault, 1}));
  EXPECT_EQ(run(read()), true);
  auto result = install();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::protocol);
  EXPECT_EQ(result.error().source, base::ErrorSource::upstream);
}

TEST_F(StreamCodecTest, LeavesWhatWasQueuedBeforeItAsItIs) {
  ASSERT_TRUE(stream_->write("plain"));
  ASSERT_TRUE(install());
  ASSERT_TRUE(stream_->write("secret"));
  ASSERT_TRUE(run(flush()));
  EXPECT_EQ(peer_takes(), "plain" + scrambled("secret"));
}

TEST_F(StreamCodecTest, KeepsTheOrderOfSmallAndLargePieces) {
  ASSERT_TRUE(install());
  const std::string large(20'000, 'L');
  std::string all;
  for (const std::string_view piece : {std::string_view("a"), std::string_view(large), std::string_view("b"),
                                       std::string_view("c"), std::string_view(large)}) {
    ASSERT_TRUE(stream_->write(piece));
    all += piece;
  }
  EXPECT_EQ(stream_->queued(), all.size());
  ASSERT_TRUE(run(flush()));
  EXPECT_TRUE(peer_takes() == scrambled(all));
}

TEST_F(StreamCodecTest, ReportsAFaultAfterTheBytesBeforeIt) {
  ASSERT_TRUE(install());
  peer_sends(scrambled("good\1never seen"));
  EXPECT_EQ(run(read()), true);
  EXPECT_EQ(take_input(), "good");
  auto result = run(read());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::protocol);
  EXPECT_EQ(result.error().source, base::ErrorSource::upstream);
}

TEST_F(StreamCodecTest, ReportsWhatCannotBeEncoded) {
  ASSERT_TRUE(install());
  ASSERT_TRUE(stream_->write({&kFault, 1}));
  auto result = run(flush());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::ErrorCode::protocol);
  ASSERT_FALSE(stream_->write(std::string(10'000, kFault))) << "large pieces are encoded at once";
}

TEST_F(StreamCodecTest, EndsWhereTheCodecSaysSo) {
  ASSERT_TRUE(install());
  const std::string bytes = std::string("last") + kGoodbye;
  peer_sends(scrambled(bytes));
  EXPECT_EQ(run(read()), true);
  EXPECT_EQ(take_input(), "last");
  EXPECT_TRUE(stream_->ended());
  EXPECT_EQ(run(read()), false);
}

TEST_F(StreamCodecTest, TellsAnEndWithoutGoodbyeFromAProperOne) {
  for (const bool says_goodbye : {true, false}) {
    open_pair();
    ASSERT_TRUE(install());
    peer_sends(scrambled(says_goodbye ? std::string("last") + kGoodbye : "last"));
    peer_.close();
    EXPECT_EQ(read_bytes(5), "last");
    EXPECT_TRUE(stream_->ended());
    EXPECT_EQ(stream_->cut_short(), !says_goodbye);
  }
  open_pair();
  peer_sends("last");
  peer_.close();
  EXPECT_EQ(read_bytes(5), "last");
  EXPECT_FALSE(stream_->cut_short()) << "plain bytes know no goodbye";
}

TEST_F(StreamCodecTest, FindsAGoodbyeThatTheConsumerWasTooSlowFor) {
  ASSERT_TRUE(install());
  const std::string sent = plain_bytes(many_bytes()).substr(0, base::kStreamBufferBytesMax + 1000);
  const std::string wire = scrambled(sent + kGoodbye);
  ASSERT_EQ(peer_sends(wire), wire.size());
  while (stream_->input().size() < base::kStreamBufferBytesMax) turn();
  std::string received = take_input();
  peer_.close();
  turn();  // there is room again, and the end of the connection is seen before the rest is decoded
  received += read_bytes(sent.size() - received.size() + 1);
  EXPECT_TRUE(received == sent);
  EXPECT_TRUE(stream_->ended());
  EXPECT_FALSE(stream_->cut_short());
}

TEST_F(StreamCodecTest, HasNotEndedWhileReceivedBytesAreToBeDecoded) {
  ASSERT_TRUE(install());
  const std::string sent = plain_bytes(many_bytes()).substr(0, base::kStreamBufferBytesMax + 1000);
  ASSERT_EQ(peer_sends(scrambled(sent)), sent.size());
  peer_.close();
  while (stream_->input().size() < base::kStreamBufferBytesMax) turn();
  std::string received = take_input();
  turn();
  EXPECT_TRUE(stream_->input().empty());
  EXPECT_TRUE(stream_->has_unread()) << "what is not decoded yet came, too";
  EXPECT_FALSE(stream_->ended());
  received += read_bytes(sent.size() - received.size());
  EXPECT_TRUE(received == sent);
  EXPECT_FALSE(stream_->has_unread());
  EXPECT_EQ(run(read()), false);
  EXPECT_TRUE(stream_->ended());
}

TEST_F(StreamCodecTest, TellsAWatcherWhenTheCodecEnds) {
  ASSERT_TRUE(install());
  int told = 0;
  stream_->watch([&] { ++told; });
  peer_sends(scrambled({&kGoodbye, 1}));
  turn();
  EXPECT_EQ(told, 1);
}

TEST_F(StreamCodecTest, SaysGoodbyeBehindWhatIsQueued) {
  ASSERT_TRUE(install());
  ASSERT_TRUE(stream_->write("bye"));
  stream_->end_output();
  EXPECT_EQ(peer_takes(), scrambled(std::string("bye") + kGoodbye));
  EXPECT_TRUE(peer_sees_end());
}

TEST_F(StreamCodecTest, BoundsWhatIsHeldInBothBuffersAndLosesNothing) {
  ASSERT_TRUE(install());
  const std::string sent = plain_bytes(many_bytes());
  const std::string wire = scrambled(sent);
  std::size_t accepted = 0;
  for (int stuck = 0; stuck < 5; turn()) {
    const std::size_t bytes = peer_sends(std::string_view(wire).substr(accepted));
    accepted += bytes;
    stuck = bytes == 0 ? stuck + 1 : 0;
    ASSERT_LT(accepted, wire.size()) << "nothing held the peer back";
  }
  EXPECT_EQ(stream_->input().size(), base::kStreamBufferBytesMax);
  std::string received = take_input();
  while (received.size() < sent.size()) {
    accepted += peer_sends(std::string_view(wire).substr(accepted));
    ASSERT_EQ(run(read()), true);
    ASSERT_LE(stream_->input().size(), base::kStreamBufferBytesMax);
    received += take_input();
  }
  EXPECT_TRUE(received == sent);
}

}  // namespace
}  // namespace cardea::net
