#include "acme/link.h"

#include <algorithm>

#include "acme/json_fields.h"
#include "base/strings.h"

namespace cardea::acme {
namespace {

constexpr std::size_t kLinksMax = 10;  // Let's Encrypt has had three chains at most

bool has_relation(std::string_view parameters, std::string_view relation) {
  for (std::string_view parameter : base::split(parameters, ';')) {
    parameter = base::trim(parameter);
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    if (!base::equals_ignoring_case(base::trim(parameter.substr(0, equals)), "rel")) continue;
    std::string_view value = base::trim(parameter.substr(equals + 1));
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
      value = value.substr(1, value.size() - 2);
    }
    for (const std::string_view one : base::split(value, ' ')) {
      if (base::equals_ignoring_case(one, relation)) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<std::string> find_links(std::span<const std::string> links, std::string_view relation,
                                    std::string_view base_url) {
  // "https://ca.example/cert/1" → "https://ca.example"
  const std::size_t authority = base_url.find("//");
  const std::string_view origin =
      authority == std::string_view::npos ? "" : base_url.substr(0, base_url.find('/', authority + 2));
  std::vector<std::string> found;
  for (std::string_view rest : links) {
    // One field may hold several links: <a>;rel=x, <b>;rel=y
    for (std::size_t open = rest.find('<'); open != std::string_view::npos; open = rest.find('<')) {
      rest.remove_prefix(open + 1);
      const std::size_t close = rest.find('>');
      if (close == std::string_view::npos) break;
      const std::string_view target = rest.substr(0, close);
      rest.remove_prefix(close + 1);
      const std::string_view parameters = rest.substr(0, rest.find(','));
      if (!has_relation(parameters, relation)) continue;
      const bool is_path = target.starts_with('/') && !target.starts_with("//");
      std::string url = is_path ? std::string(origin).append(target) : std::string(target);
      if (found.size() == kLinksMax || !is_https_url(url)) continue;
      if (std::ranges::find(found, url) == found.end()) found.push_back(std::move(url));
    }
  }
  return found;
}

std::string find_link(std::span<const std::string> links, std::string_view relation) {
  const std::vector<std::string> found = find_links(links, relation, {});
  return found.empty() ? "" : found.front();
}

}  // namespace cardea::acme
