// Link header fields (RFC 8288) as ACME uses them: <https://ca.example/x>;rel="alternate".
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cardea::acme {

// The target of the first https link with the relation `relation`; "" if there is none.
[[nodiscard]] std::string find_link(std::span<const std::string> links, std::string_view relation);

}  // namespace cardea::acme
