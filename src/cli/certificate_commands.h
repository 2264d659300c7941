// cardea cert revoke: asks the running server, and follows what becomes of it.
#pragma once

#include <optional>
#include <string>

#include "cli/store_access.h"

namespace cardea::cli {

struct RevokeArguments {
  std::string cert_name;
  std::string token;   // a token, or the name of one
  std::string reason;  // "" for the server's default
  std::optional<bool> reissue;
};

// Returns 0 when the CA has revoked the certificate, kExitFailed when it was refused or takes longer than
// kRevocationWatch; the server then goes on with it.
int revoke_certificate(const StoreAccess& access, const AdminAddress& admin,
                       const RevokeArguments& arguments);

}  // namespace cardea::cli
