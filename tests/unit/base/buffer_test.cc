#include "base/buffer.h"

#include <string>

#include <gtest/gtest.h>

namespace cardea::base {
namespace {

TEST(Buffer, HoldsNothingAndNoMemoryAtFirst) {
  Buffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_EQ(buffer.view(), "");
  buffer.append("");
  buffer.consume(0);
  buffer.release();
  EXPECT_EQ(buffer.capacity(), 0U);
}

TEST(Buffer, IsAQueueOfBytes) {
  Buffer buffer;
  buffer.append("hello ");
  buffer.append("world");
  EXPECT_EQ(buffer.view(), "hello world");
  buffer.consume(6);
  EXPECT_EQ(buffer.view(), "world");
  buffer.consume(5);
  EXPECT_TRUE(buffer.empty());
}

TEST(Buffer, GivesAllItsFreeSpace) {
  Buffer buffer;
  const auto space = buffer.prepare(1);
  EXPECT_EQ(space.size(), buffer.capacity());
  std::memcpy(space.data(), "abc", 3);
  buffer.commit(2);
  EXPECT_EQ(buffer.view(), "ab");
  EXPECT_EQ(buffer.prepare(1).size(), buffer.capacity() - 2);
}

TEST(Buffer, KeepsViewsValidWhileConsuming) {
  Buffer buffer;
  buffer.append("abcdef");
  const std::string_view view = buffer.view().substr(3);
  buffer.consume(3);
  EXPECT_EQ(buffer.view().data(), view.data());
}

TEST(Buffer, MovesToTheFrontBeforeItGrows) {
  Buffer buffer;
  const std::size_t capacity = buffer.prepare(1).size();
  buffer.append(std::string(capacity, 'a'));
  buffer.consume(capacity - 10);
  EXPECT_GE(buffer.prepare(capacity - 10).size(), capacity - 10);
  EXPECT_EQ(buffer.capacity(), capacity);
  EXPECT_EQ(buffer.view(), std::string(10, 'a'));
}

TEST(Buffer, GrowsAndKeepsWhatItHolds) {
  Buffer buffer;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26));
    buffer.append(piece);
    expected += piece;
    if (i % 3 == 0) {
      const std::size_t taken = std::min<std::size_t>(expected.size(), 50);
      buffer.consume(taken);
      expected.erase(0, taken);
    }
    ASSERT_EQ(buffer.view(), expected);
  }
}

TEST(Buffer, GivesMemoryBackOnlyWhenEmpty) {
  Buffer buffer;
  buffer.append("x");
  buffer.release();
  EXPECT_EQ(buffer.view(), "x");
  buffer.consume(1);
  buffer.release();
  EXPECT_EQ(buffer.capacity(), 0U);
  buffer.append("again");
  EXPECT_EQ(buffer.view(), "again");
}

TEST(BufferDeathTest, AbortsWhenMoreIsConsumedThanHeld) {
  Buffer buffer;
  buffer.append("x");
  EXPECT_DEATH(buffer.consume(2), "consume");
}

}  // namespace
}  // namespace cardea::base
