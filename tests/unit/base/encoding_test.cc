#include "base/encoding.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace cardea::base {
namespace {

// RFC 4648 §10, and bytes that need the two characters in which the alphabets differ.
const std::vector<std::pair<std::string, std::string>>& vectors() {
  static const std::vector<std::pair<std::string, std::string>> kVectors = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xfb\xff\xfe", "+//+"},
  };
  return kVectors;
}

TEST(Encoding, Base64FollowsTheVectorsOfItsRfc) {
  for (const auto& [bytes, text] : vectors()) {
    EXPECT_EQ(to_base64(bytes), text);
    const auto parsed = parse_base64(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, bytes);
  }
}

TEST(Encoding, Base64urlHasNoPaddingAndItsOwnAlphabet) {
  for (const auto& [bytes, text] : vectors()) {
    std::string url = text;
    while (url.ends_with('=')) url.pop_back();
    for (char& c : url) c = c == '+' ? '-' : c == '/' ? '_' : c;
    EXPECT_EQ(to_base64url(bytes), url);
    const auto parsed = parse_base64url(url);
    ASSERT_TRUE(parsed) << url;
    EXPECT_EQ(*parsed, bytes);
  }
}

TEST(Encoding, Base64SkipsLineBreaksAsPemHasThem) {
  EXPECT_EQ(parse_base64("Zm9v\r\nYmFy\n").value(), "foobar");
}

TEST(Encoding, Base64RefusesWhatHasNoOneMeaning) {
  for (const char* bad :
       {"Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zh==", "Zm9=", "Zm 9v", "Zg==Zg==", "-_-_"}) {
    EXPECT_FALSE(parse_base64(bad)) << bad;
  }
}

TEST(Encoding, Base64urlRefusesWhatHasNoOneMeaning) {
  for (const char* bad : {"Zg==", "Z", "Zh", "Zm9", "+/+/", "Zm9v\n", "Zm9v "}) {
    EXPECT_FALSE(parse_base64url(bad)) << bad;
  }
}

TEST(Encoding, AllBytesSurviveARoundTrip) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  for (std::size_t size = 0; size <= all.size(); ++size) {
    EXPECT_EQ(parse_base64url(to_base64url(all.substr(0, size))).value(), all.substr(0, size));
    EXPECT_EQ(parse_base64(to_base64(all.substr(0, size))).value(), all.substr(0, size));
  }
}

TEST(Encoding, HexIsLowerCase) {
  EXPECT_EQ(to_hex(std::string_view("\x00\x0f\xa0\xff", 4)), "000fa0ff");
}

}  // namespace
}  // namespace cardea::base
