#include "proxy/dot_segments.h"

#include <charconv>
#include <cstddef>

namespace cardea::proxy {
namespace {

// Takes the first byte off `text`, decoded once.
char take_byte(std::string_view& text) {
  unsigned value = 0;
  if (text.front() == '%' && text.size() >= 3) {
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + 3, value, 16);
    if (error == std::errc() && end == text.data() + 3) {
      text.remove_prefix(3);
      return static_cast<char>(value);
    }
  }
  const char byte = text.front();
  text.remove_prefix(1);
  return byte;
}

}  // namespace

bool has_dot_segment(std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  constexpr std::size_t kOther = 3;
  std::size_t dots = 0;  // of which the segment consists so far, or kOther
  while (!path.empty()) {
    const char byte = take_byte(path);
    const bool ends = byte == '/' || byte == '\\';
    if (ends || byte == ';') {
      if (dots == 1 || dots == 2) return true;
      dots = ends ? 0 : kOther;
    } else {
      dots = byte == '.' && dots < kOther ? dots + 1 : kOther;
    }
  }
  return dots == 1 || dots == 2;
}

}  // namespace cardea::proxy
