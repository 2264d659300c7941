#include "proxy/host.h"

#include <algorithm>

namespace cardea::proxy {

bool covers(const std::vector<std::string>& certificate_names, std::string_view hostname) {
  return std::ranges::any_of(certificate_names, [&](std::string_view name) {
    if (name == hostname) return true;
    if (!name.starts_with("*.")) return false;
    const std::size_t dot = hostname.find('.');
    return dot != std::string_view::npos && dot > 0 && hostname.substr(dot) == name.substr(1);
  });
}

}  // namespace cardea::proxy
