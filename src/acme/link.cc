#include "acme/link.h"

#include "acme/json_fields.h"
#include "base/strings.h"

namespace cardea::acme {
namespace {

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

std::string find_link(std::span<const std::string> links, std::string_view relation) {
  for (std::string_view rest : links) {
    // One field may hold several links: <a>;rel=x, <b>;rel=y
    for (std::size_t open = rest.find('<'); open != std::string_view::npos; open = rest.find('<')) {
      rest.remove_prefix(open + 1);
      const std::size_t close = rest.find('>');
      if (close == std::string_view::npos) break;
      const std::string_view target = rest.substr(0, close);
      rest.remove_prefix(close + 1);
      const std::string_view parameters = rest.substr(0, rest.find(','));
      if (has_relation(parameters, relation) && is_https_url(target)) return std::string(target);
    }
  }
  return "";
}

}  // namespace cardea::acme
