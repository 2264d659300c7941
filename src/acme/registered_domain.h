// Where, in a hostname, the part ends that somebody registered: the Public Suffix List, as libpsl has it.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace cardea::acme {

// "www.example.co.uk" → "example.co.uk": what CAs count certificates by. A name that is itself a public
// suffix, or has a single label, is its own. `hostname` is canonical, international ones as A-labels.
[[nodiscard]] std::string registered_domain(std::string_view hostname);

// True for "com" and "co.uk", under which registries sell names. Suffixes that a company lends out
// ("github.io") are hostnames too, with a certificate of their own, and so are unknown ones ("internal").
[[nodiscard]] bool is_registry_suffix(std::string_view hostname);

}  // namespace cardea::acme
