#include "base/strings.h"

#include <gtest/gtest.h>

namespace cardea::base {
namespace {

TEST(Strings, LowerOnlyAsciiLetters) {
  EXPECT_EQ(to_lower("AbZ-09@[`{\xc3\x89"), "abz-09@[`{\xc3\x89");
  EXPECT_TRUE(equals_ignoring_case("Content-Type", "cONTENT-tYPE"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
}

TEST(Strings, TrimSpacesAndTabsOnly) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim("\r\na\n"), "\r\na\n");
  EXPECT_EQ(trim(" \t"), "");
}

TEST(Strings, SplitKeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(split(",", ','), (std::vector<std::string_view>{"", ""}));
}

TEST(Strings, ParseUnsignedNumbersStrictly) {
  EXPECT_EQ(parse_uint("0"), 0U);
  EXPECT_EQ(parse_uint("007"), 7U);
  EXPECT_EQ(parse_uint("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_uint("65535", 65535), 65535U);
  for (const char* bad :
       {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "18446744073709551616", "99999999999999999999"}) {
    EXPECT_EQ(parse_uint(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(parse_uint("65536", 65535), std::nullopt);
  EXPECT_EQ(parse_uint("9", 8), std::nullopt);
}

TEST(Strings, CompareSecretsByContentAndLength) {
  EXPECT_TRUE(equals_in_constant_time("secret", "secret"));
  EXPECT_FALSE(equals_in_constant_time("secret", "secreT"));
  EXPECT_FALSE(equals_in_constant_time("secret", "secret1"));
  EXPECT_TRUE(equals_in_constant_time("", ""));
}

TEST(Strings, PrintableCannotForgeALogLine) {
  EXPECT_EQ(printable("a\r\nb\x1b\x7f"), "a\\x0d\\x0ab\\x1b\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
  EXPECT_EQ(printable("abc", 3), "abc");
  EXPECT_EQ(printable("a\n\n\n", 9), "a\\x0a\\x0a…") << "what is limited is what comes out";
  EXPECT_EQ(printable("a\n\n\n", 8), "a\\x0a…");
  EXPECT_EQ(printable("ab\xc3\xa4", 3), "ab…") << "half a character is no text";
  EXPECT_EQ(printable("ab\xc3\xa4", 4), "ab\xc3\xa4");
}

TEST(Utf8, KnowsWellFormedCharacters) {
  for (const std::string_view text : {"a", "\u00e9", "\u20ac", "\U0001F600", "\uFFFD"}) {
    EXPECT_EQ(utf8_length(text), text.size());
  }
  for (const std::string_view text :
       {"", "\x80", "\xf6rung", "\xc0\x80", "\xc3", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
    EXPECT_EQ(utf8_length(text), 0U) << printable(text);
  }
}

TEST(Utf8, ReplacesWhatIsNone) {
  EXPECT_EQ(to_valid_utf8("St\xf6rung \u00fc"), "St\uFFFDrung \u00fc");
  EXPECT_EQ(to_valid_utf8("\x1f\x8b\x08"), "\x1f\uFFFD\x08");
  EXPECT_EQ(printable("\x1f\x8b a\u00fc"), "\\x1f\\x8b a\u00fc");
}

}  // namespace
}  // namespace cardea::base
