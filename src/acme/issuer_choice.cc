#include "acme/issuer_choice.h"

#include "base/check.h"

namespace cardea::acme {
namespace {

using std::chrono::seconds;

// Failures before another CA is asked. One that fails is mostly back within hours, and a change of CA can
// surprise those who pin or allow one; but an expired certificate is worse.
unsigned patience(std::optional<seconds> remaining, seconds renewal_window) {
  if (!remaining) return 2;  // nobody is served now
  if (*remaining >= renewal_window / 2) return 6;
  if (*remaining >= renewal_window / 4) return 3;
  return 1;
}

}  // namespace

std::size_t choose_issuer(std::size_t count, unsigned attempts, std::optional<seconds> remaining,
                          seconds renewal_window) {
  CARDEA_CHECK(count > 0, "there is at least one CA to choose from");
  const unsigned patient = patience(remaining, renewal_window);
  if (attempts < patient) return 0;
  return (std::size_t{attempts} - patient + 1) % count;
}

}  // namespace cardea::acme
