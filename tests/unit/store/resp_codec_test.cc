#include "store/resp_codec.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace cardea::store {
namespace {

using namespace std::string_literals;

TEST(RespCodec, FormatsArgumentsWithAnyBytes) {
  const std::vector<std::string> command{"SET", "k", "a\r\n\0b"s, ""};
  EXPECT_EQ(format_command(command), "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\n\0b\r\n$0\r\n\r\n"s);
}

constexpr std::string_view kConversation =
    "+OK\r\n:-42\r\n$5\r\nhe\r\nx\r\n$-1\r\n*3\r\n:1\r\n$0\r\n\r\n*1\r\n*-1\r\n-ERR no\r\n";

void expect_conversation(const std::vector<RedisReply>& replies) {
  ASSERT_EQ(replies.size(), 6U);
  EXPECT_EQ(replies[0].kind(), RedisReply::Kind::status);
  EXPECT_EQ(replies[0].text().value(), "OK");
  EXPECT_EQ(replies[1].integer().value(), -42);
  EXPECT_EQ(replies[2].text().value(), "he\r\nx");
  EXPECT_TRUE(replies[3].is_nil());
  EXPECT_EQ(replies[3].optional_text().value(), std::nullopt);
  const auto items = replies[4].array().value();
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[1].text().value(), "");
  EXPECT_TRUE(items[2].array().value()[0].is_nil());
  EXPECT_EQ(replies[5].kind(), RedisReply::Kind::error);
}

TEST(RespCodec, RepliesSplitAtEveryByteAreTheSame) {
  for (std::size_t cut = 0; cut <= kConversation.size(); ++cut) {
    RespReader reader;
    std::vector<RedisReply> replies;
    for (const auto piece : {kConversation.substr(0, cut), kConversation.substr(cut)}) {
      ASSERT_TRUE(reader.feed(piece));
      for (;;) {
        auto reply = reader.next();
        ASSERT_TRUE(reply) << reply.error().context;
        if (!*reply) break;
        replies.push_back(std::move(**reply));
      }
    }
    expect_conversation(replies);
  }
}

TEST(RespCodec, RepliesFedByteByByteAreTheSame) {
  RespReader reader;
  std::vector<RedisReply> replies;
  for (const char& c : kConversation) {
    ASSERT_TRUE(reader.feed({&c, 1}));
    auto reply = reader.next();
    ASSERT_TRUE(reply);
    if (*reply) replies.push_back(std::move(**reply));
  }
  expect_conversation(replies);
}

TEST(RespCodec, RefusesWhatIsNoResp) {
  RespReader reader;
  ASSERT_TRUE(reader.feed("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const auto reply = reader.next();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, base::ErrorCode::protocol);
  EXPECT_EQ(reply.error().source, base::ErrorSource::store);
}

TEST(RespCodec, BoundsOneReplyButNotManyOfThem) {
  const std::string piece(1024 * 1024, 'x');
  RespReader one;
  ASSERT_TRUE(one.feed("$" + std::to_string(base::kRedisReplyBytesMax + 1) + "\r\n"));
  base::Status fed;
  for (std::size_t i = 0; fed && i < 17; ++i) {
    fed = one.feed(piece);
    if (fed) {
      ASSERT_FALSE(one.next().value());
    }
  }
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, base::ErrorCode::too_large);

  RespReader many;
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(many.feed("$" + std::to_string(piece.size()) + "\r\n" + piece + "\r\n"));
    ASSERT_TRUE(many.next().value());
  }
}

TEST(RedisReply, AnErrorReplyBecomesAnErrorWithRedisText) {
  auto rejected = RedisReply::from_error("WRONGTYPE Operation against a key").into_result();
  ASSERT_FALSE(rejected);
  EXPECT_EQ(rejected.error().code, base::ErrorCode::rejected);
  EXPECT_EQ(rejected.error().context, "WRONGTYPE Operation against a key");
  auto loading = RedisReply::from_error("LOADING Redis is loading the dataset in memory").into_result();
  ASSERT_FALSE(loading);
  EXPECT_EQ(loading.error().code, base::ErrorCode::unavailable);
}

TEST(RedisReply, AccessToAnotherKindFails) {
  EXPECT_EQ(RedisReply::from_text("x").integer().error().code, base::ErrorCode::protocol);
  EXPECT_EQ(RedisReply::from_integer(1).text().error().code, base::ErrorCode::protocol);
  EXPECT_EQ(RedisReply().array().error().code, base::ErrorCode::protocol);
  EXPECT_EQ(RedisReply::from_error("ERR x").array().error().code, base::ErrorCode::rejected);
}

}  // namespace
}  // namespace cardea::store
