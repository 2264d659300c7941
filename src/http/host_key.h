// The canonical hostname of a Host field, without an allocation: what routing looks up.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/strings.h"

namespace cardea::http {

// Lower case, without port, brackets and one trailing dot. Not validated: a malformed authority gives a name
// that no table has. Not copyable: the view points into the object.
class HostKey {
 public:
  explicit HostKey(std::string_view authority) {
    std::string_view host = authority;
    if (host.starts_with('[')) {
      host = host.substr(1, host.find(']') == std::string_view::npos ? 0 : host.find(']') - 1);
    } else {
      host = host.substr(0, host.find(':'));
    }
    if (host.ends_with('.')) host.remove_suffix(1);
    if (host.size() > bytes_.size()) return;  // no hostname is that long; the empty name is in no table
    for (const char c : host) bytes_[size_++] = base::to_lower(c);
  }
  HostKey(const HostKey&) = delete;
  HostKey& operator=(const HostKey&) = delete;

  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 253> bytes_;  // RFC 1035 §2.3.4
  std::size_t size_ = 0;
};

}  // namespace cardea::http
