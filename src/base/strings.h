// Small ASCII helpers. HTTP and DNS are ASCII protocols: nothing here looks at the locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::base {

[[nodiscard]] constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
[[nodiscard]] constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);
// Takes spaces and tabs off both ends (RFC 9110 §5.6.3 OWS).
[[nodiscard]] std::string_view trim(std::string_view text);
// Splits at every `separator`; "a,,b" gives three parts, "" gives one empty part.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
// Digits only, no sign, no space; nullopt when empty or above `max`.
[[nodiscard]] std::optional<std::uint64_t> parse_uint(std::string_view digits,
                                                      std::uint64_t max = UINT64_MAX);
// Compares secrets in time that depends only on the length.
[[nodiscard]] bool equals_in_constant_time(std::string_view a, std::string_view b);
// The length of the UTF-8 character at the start of `text` (RFC 3629 §4); 0 if there is none that is
// well-formed.
[[nodiscard]] std::size_t utf8_length(std::string_view text);
// The text with U+FFFD in place of every byte that belongs to no well-formed character: what JSON may hold.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);
// For log lines and messages: control characters and bytes that are no UTF-8 become \xNN, and what would
// make the result longer than `bytes_max` is cut, between characters and with "…" in its place.
[[nodiscard]] std::string printable(std::string_view text, std::size_t bytes_max = 200);

// Lets unordered_map<string, …> be searched with a string_view without making a string.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

}  // namespace cardea::base
