#include "base/encoding.h"

#include <array>
#include <cstdint>

#include "base/strings.h"

namespace cardea::base {
namespace {

constexpr std::string_view kUrlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::int8_t kNotInAlphabet = -1;

constexpr std::array<std::int8_t, 256> make_reverse(std::string_view alphabet) {
  std::array<std::int8_t, 256> reverse{};
  reverse.fill(kNotInAlphabet);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    reverse[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return reverse;
}
constexpr auto kUrlReverse = make_reverse(kUrlAlphabet);
constexpr auto kReverse = make_reverse(kAlphabet);

std::string encode(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    held += 8;
    while (held >= 6) {
      held -= 6;
      out.push_back(alphabet[(bits >> held) & 0x3fU]);
    }
  }
  if (held > 0) out.push_back(alphabet[(bits << (6 - held)) & 0x3fU]);
  return out;
}

Result<std::string> decode(std::string_view text, const std::array<std::int8_t, 256>& reverse) {
  if (text.size() % 4 == 1) return fail(ErrorCode::invalid, "base64: impossible length");
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::int8_t value = reverse[static_cast<unsigned char>(c)];
    if (value == kNotInAlphabet) return fail(ErrorCode::invalid, "base64: character outside the alphabet");
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<char>((bits >> held) & 0xffU));
    }
  }
  if ((bits & ((1U << held) - 1)) != 0) return fail(ErrorCode::invalid, "base64: stray bits at the end");
  return out;
}

}  // namespace

std::string to_base64url(std::string_view bytes) {
  return encode(bytes, kUrlAlphabet);
}

Result<std::string> parse_base64url(std::string_view text) {
  return decode(text, kUrlReverse);
}

std::string to_base64(std::string_view bytes) {
  std::string out = encode(bytes, kAlphabet);
  while (out.size() % 4 != 0) out.push_back('=');
  return out;
}

Result<std::string> parse_base64(std::string_view text) {
  std::string compact;
  compact.reserve(text.size());
  for (const char c : text) {
    if (c != '\n' && c != '\r') compact.push_back(c);
  }
  if (compact.size() % 4 != 0) return fail(ErrorCode::invalid, "base64: padding is missing");
  for (int padding = 0; padding < 2 && compact.ends_with('='); ++padding) compact.pop_back();
  return decode(compact, kReverse);
}

std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(kDigits[byte >> 4U]);
    out.push_back(kDigits[byte & 0xfU]);
  }
  return out;
}

int hex_value(char digit) {
  if (is_digit(digit)) return digit - '0';
  const char lowered = to_lower(digit);
  return lowered >= 'a' && lowered <= 'f' ? lowered - 'a' + 10 : -1;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

}  // namespace cardea::base
