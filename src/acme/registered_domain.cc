#include "acme/registered_domain.h"

#include <libpsl.h>

namespace cardea::acme {

std::string registered_domain(std::string_view hostname) {
  std::string name(hostname);
  const char* found = psl_registrable_domain(psl_builtin(), name.c_str());  // points into `name`
  return found == nullptr ? name : std::string(found);
}

bool is_registry_suffix(std::string_view hostname) {
  const std::string name(hostname);
  return psl_is_public_suffix2(psl_builtin(), name.c_str(), PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) == 1;
}

}  // namespace cardea::acme
