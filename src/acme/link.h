// Link header fields (RFC 8288) as ACME uses them: <https://ca.example/x>;rel="alternate".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cardea::acme {

// The target of the first https link with the relation `relation`; "" if there is none.
[[nodiscard]] std::string find_link(std::span<const std::string> links, std::string_view relation);

// All of them, in their order, each once and kLinksMax at most. A target that is a path only ("/chain/1") is
// taken as one of `base_url`'s host (RFC 8288 §3.1).
[[nodiscard]] std::vector<std::string> find_links(std::span<const std::string> links,
                                                  std::string_view relation, std::string_view base_url);

}  // namespace cardea::acme
