#include "http/chunked_decoder.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace cardea::http {
namespace {

struct Outcome {
  int status = 0;  // 0: neither error nor end, 200: done
  std::string body;
  std::string rest;
  std::string trailers;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome decode(std::string_view bytes, std::size_t first_bytes, std::size_t segment_bytes) {
  ChunkedDecoder decoder;
  Outcome outcome;
  std::size_t given = std::min(first_bytes, bytes.size());
  std::size_t at = 0;
  while (at < bytes.size() && !decoder.done()) {
    while (at < given && !decoder.done()) {
      const auto step = decoder.next(bytes.substr(at, given - at));
      if (!step) {
        EXPECT_FALSE(decoder.next("0\r\n\r\n")) << "it must stay in error";
        outcome.status = step.error().status;
        return outcome;
      }
      outcome.body.append(step->data);
      at += step->consumed;
      EXPECT_EQ(step->done, decoder.done());
    }
    given = std::min(given + segment_bytes, bytes.size());
  }
  if (decoder.done()) {
    outcome.status = 200;
    outcome.rest = bytes.substr(at);
  }
  for (const Field& field : decoder.trailers()) {
    outcome.trailers.append(field.name).append("=").append(field.value).append(";");
  }
  return outcome;
}

Outcome decode(std::string_view bytes) {
  return decode(bytes, bytes.size(), bytes.size());
}

TEST(ChunkedDecoder, DecodesChunksAndLeavesWhatFollows) {
  EXPECT_EQ(decode("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET /"),
            (Outcome{200, "hello world", "GET /", ""}));
  EXPECT_EQ(decode("0\r\n\r\n"), (Outcome{200, "", "", ""}));
  EXPECT_EQ(decode("000000000000000A\r\n0123456789\r\n00\r\n\r\n"), (Outcome{200, "0123456789", "", ""}));
}

TEST(ChunkedDecoder, GivesDataAsViewsIntoTheInput) {
  ChunkedDecoder decoder;
  const std::string input = "5\r\nhello\r\n";
  const auto step = decoder.next(input);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->data.data(), input.data() + 3);
  EXPECT_EQ(step->data, "hello");
  EXPECT_EQ(step->consumed, 8U);
  EXPECT_FALSE(step->done);
}

TEST(ChunkedDecoder, ConsumesNothingOnceDone) {
  ChunkedDecoder decoder;
  ASSERT_TRUE(decoder.next("0\r\n\r\n"));
  const auto step = decoder.next("5\r\n");
  ASSERT_TRUE(step);
  EXPECT_EQ(step->consumed, 0U);
  EXPECT_TRUE(step->done);
}

TEST(ChunkedDecoder, ShowsTrailersAtTheEnd) {
  EXPECT_EQ(decode("1\r\na\r\n0\r\nGrpc-Status: 0\r\nX:  y \r\n\r\n"),
            (Outcome{200, "a", "", "Grpc-Status=0;X=y;"}));
}

TEST(ChunkedDecoder, KeepsTrailersWhenMoved) {
  ChunkedDecoder decoder;
  ASSERT_TRUE(decoder.next("0\r\n"));
  ASSERT_TRUE(decoder.next("A: b\r\n\r\n"));
  const ChunkedDecoder moved = std::move(decoder);
  EXPECT_EQ(moved.trailers().find("a"), "b");
}

TEST(ChunkedDecoder, IgnoresExtensions) {
  EXPECT_EQ(decode("1;a=b\r\nx\r\n1 \t; c=\"d;e\"\r\ny\r\n0;f\r\n\r\n"), (Outcome{200, "xy", "", ""}));
}

TEST(ChunkedDecoder, RefusesWhatIsMalformed) {
  const std::vector<std::string> cases = {
      "\r\n",
      "g\r\n",
      " 1\r\na\r\n",
      "1 \r\na\r\n",
      "+1\r\na\r\n",
      "0x1\r\na\r\n",
      ";a\r\n",
      "1\na\n",
      "1\r\r\n",
      "1\ra",
      "1;a\nb\r\n",
      "1;a\rb\r\n",
      std::string("1;a\0\r\n", 6),
      "1 x\r\n",
      "1\r\nab\r\n",
      "1\r\na\n",
      "1\r\na\rb",
      "10000000000000000\r\n",
      "00000000000000001\r\n",
      "0\r\nA: b\n\r\n",
      "0\r\n\n",
      "0\r\nA : b\r\n\r\n",
      "0\r\nA: b\r\n c\r\n\r\n",
      "0\r\nA: b\rc\r\n\r\n",
      "0\r\nno colon\r\n\r\n",
      "1\r\na\r\n\r\n",
  };
  for (const std::string& input : cases) EXPECT_EQ(decode(input).status, 400) << input;
}

TEST(ChunkedDecoder, TakesTheLargestSizeWithoutOverflow) {
  EXPECT_EQ(decode("ffffffffffffffff\r\nabc"), (Outcome{0, "abc", "", ""}));
}

TEST(ChunkedDecoder, BoundsLinesAndTrailers) {
  const std::string longest = "1;" + std::string(base::kChunkLineBytesMax - 4, 'x') + "\r\n";
  EXPECT_EQ(decode(longest + "a").body, "a");
  EXPECT_EQ(decode("1;x" + longest.substr(2)).status, 400);
  EXPECT_EQ(decode("0\r\nA: " + std::string(base::kHeadBytesMax, 'x')).status, 431);
  std::string many = "0\r\n";
  for (std::size_t i = 0; i <= base::kFieldsMax; ++i) many += "A: b\r\n";
  EXPECT_EQ(decode(many + "\r\n").status, 431);
}

TEST(ChunkedDecoder, GivesTheSameResultHoweverTheBytesAreSplit) {
  const std::vector<std::string> inputs = {
      "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nA: b\r\nC: d\r\n\r\nnext",
      "1\r\na\r\n0\r\n\r\n",
      "1\r\na\r\n2\r\nbc\rX",
      "0\r\nA: b\r\n c\r\n\r\n",
  };
  for (const std::string& input : inputs) {
    Outcome whole = decode(input);
    for (std::size_t cut = 1; cut < input.size(); ++cut) {
      EXPECT_EQ(decode(input, cut, input.size()).status, whole.status) << input << " cut at " << cut;
      if (whole.status == 200)
        EXPECT_EQ(decode(input, cut, input.size()), whole) << input << " cut at " << cut;
    }
    EXPECT_EQ(decode(input, 1, 1).status, whole.status) << input;
    if (whole.status == 200) EXPECT_EQ(decode(input, 1, 1), whole) << input;
  }
}

}  // namespace
}  // namespace cardea::http
