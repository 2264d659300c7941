// Which of several chains a certificate is served with.
#pragma once

#include <string_view>

namespace cardea::acme {

// Does a certificate of the chain name `issuer` (a common name, else an organisation) as its issuer? False
// too for what is no chain.
[[nodiscard]] bool chain_has_issuer(std::string_view chain_pem, std::string_view issuer);

}  // namespace cardea::acme
