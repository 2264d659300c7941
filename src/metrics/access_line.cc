#include "metrics/access_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstring>

#include "base/check.h"
#include "base/strings.h"

namespace cardea::metrics {
namespace {

constexpr std::string_view kCut = "…";

constexpr bool is_plain(char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

struct Escaped {
  std::size_t taken;       // bytes of the text
  std::size_t length;      // bytes that stand for them
  std::array<char, 6> as;  // the longest is \u00NN
};

// What stands for the character at the start of `text` (RFC 8259 §7).
Escaped escape(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(text.front());
  if (byte == '"' || byte == '\\') return {1, 2, {'\\', text.front()}};
  if (byte < 0x20 || byte == 0x7f) return {1, 6, {'\\', 'u', '0', '0', kHex[byte >> 4U], kHex[byte & 0xfU]}};
  const std::size_t length = base::utf8_length(text);
  if (length == 0) return {1, 3, {'\xef', '\xbf', '\xbd'}};  // U+FFFD
  Escaped as_it_is{length, length, {}};
  std::copy_n(text.begin(), length, as_it_is.as.begin());
  return as_it_is;
}

// Appends without looking at the end of the room: the longest line fits.
class Writer {
 public:
  explicit Writer(char* out) : begin_(out), at_(out) {}

  void raw(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void number(std::uint64_t value) { at_ = std::to_chars(at_, at_ + kDigitsMax, value).ptr; }
  // RFC 3339 with milliseconds, UTC. Not by gmtime_r(), which takes a lock that all threads share.
  void time(std::chrono::system_clock::time_point when) {
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::milliseconds>(when - day));
    digits<4>(static_cast<int>(date.year()));
    after<2>("-", static_cast<unsigned>(date.month()));
    after<2>("-", static_cast<unsigned>(date.day()));
    after<2>("T", clock.hours().count());
    after<2>(":", clock.minutes().count());
    after<2>(":", clock.seconds().count());
    after<3>(".", clock.subseconds().count());
    raw("Z");
  }
  void milliseconds(std::chrono::nanoseconds time) {
    const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)) / 1000;
    number(micros / 1000);
    after<3>(".", micros % 1000);
  }
  // A JSON string with at most `bytes_max` bytes between its quotes. What goes beyond that is cut, between
  // characters.
  void string(std::string_view text, std::size_t bytes_max) {
    raw("\"");
    std::size_t room = bytes_max - kCut.size();
    while (!text.empty()) {
      const auto plain =
          static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_plain) - text.begin());
      const std::size_t fits = std::min(plain, room);
      raw(text.substr(0, fits));
      text.remove_prefix(fits);
      room -= fits;
      if (text.empty() || fits < plain) break;
      const Escaped next = escape(text);
      if (next.length > room) break;
      raw({next.as.data(), next.length});
      text.remove_prefix(next.taken);
      room -= next.length;
    }
    if (!text.empty()) raw(kCut);
    raw("\"");
  }
  // `key` with its comma and colon: ,"host":
  void name(std::string_view key, std::string_view value) {
    raw(key);
    string(value, base::kAccessNameBytesMax);
  }
  void name_if_any(std::string_view key, std::string_view value) {
    if (!value.empty()) name(key, value);
  }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

  static constexpr std::size_t kDigitsMax = 20;

 private:
  // The last `count` digits, with zeros in front.
  template <std::size_t count>
  void digits(std::integral auto value) {
    for (std::size_t left = count; left-- > 0; value /= 10) at_[left] = static_cast<char>('0' + value % 10);
    at_ += count;
  }
  template <std::size_t count>
  void after(std::string_view mark, std::integral auto value) {
    raw(mark);
    digits<count>(value);
  }

  char* begin_;
  char* at_;
};

// Eleven names with their keys, path and error, six numbers: the keys have less than 32 bytes each.
constexpr std::size_t kPartsMax = 20;
static_assert(base::kAccessPathBytesMax + base::kAccessErrorBytesMax + 11 * base::kAccessNameBytesMax +
                      kPartsMax * (32 + Writer::kDigitsMax) <=
                  base::kAccessLineBytesMax,
              "every line fits");

}  // namespace

std::size_t write_access_line(const AccessRecord& record, std::span<char> out) {
  CARDEA_CHECK(out.size() >= base::kAccessLineBytesMax, "a line is written where every line fits");
  Writer line(out.data());
  line.raw("{\"time\":\"");
  line.time(record.time);
  line.raw("\"");
  line.name(",\"request_id\":", record.request_id);
  line.name(",\"client\":", record.client);
  line.name(",\"host\":", record.host);
  line.name(",\"method\":", record.method);
  line.raw(",\"path\":");
  line.string(record.path, base::kAccessPathBytesMax);
  line.name(",\"protocol\":", record.protocol);
  line.name(",\"tls\":", record.tls);
  line.raw(",\"status\":");
  line.number(static_cast<std::uint64_t>(record.status));
  line.raw(",\"request_bytes\":");
  line.number(record.request_bytes);
  line.raw(",\"response_bytes\":");
  line.number(record.response_bytes);
  line.raw(",\"duration_ms\":");
  line.milliseconds(record.duration);
  if (!record.upstream.empty()) {
    line.name(",\"upstream\":", record.upstream);
    line.raw(record.upstream_reused ? ",\"upstream_reused\":true" : ",\"upstream_reused\":false");
    if (record.upstream_first_byte) {
      line.raw(",\"upstream_first_byte_ms\":");
      line.milliseconds(*record.upstream_first_byte);
    }
  }
  line.name_if_any(",\"mcp_method\":", record.mcp_method);
  line.name_if_any(",\"mcp_name\":", record.mcp_name);
  if (!record.error.empty()) {
    line.raw(",\"error\":");
    line.string(record.error, base::kAccessErrorBytesMax);
  }
  line.name_if_any(",\"aborted\":", record.aborted);
  line.raw("}\n");
  return line.size();
}

}  // namespace cardea::metrics
