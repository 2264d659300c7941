// Which of several CAs is asked next. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace cardea::acme {

// The place, in a list of `count` (at least 1) directories by preference, of the one to use for the next
// attempt after `attempts` failures since the last success: the first one while there is time to wait for it,
// then the next, and with every further failure another in turn, the first included. A success ends this: the
// first is asked again. `remaining`: until the certificate that is served now expires, below zero if it has;
// nullopt: there is none. `renewal_window`: what renewal_window() of renewal_policy.h says of that
// certificate.
[[nodiscard]] std::size_t choose_issuer(std::size_t count, unsigned attempts,
                                        std::optional<std::chrono::seconds> remaining,
                                        std::chrono::seconds renewal_window);

}  // namespace cardea::acme
