// cardea token generate | show | list | delete. Tokens are made here only, directly in Redis: whoever can
// reach Redis is an administrator.
#pragma once

#include <string>

#include "cli/store_access.h"

namespace cardea::cli {

enum class Cascade : std::uint8_t {
  refuse,  // a token that owns something is not deleted
  erase,   // its proxy targets and certificates go with it
};

// Each returns the exit code; data goes to standard output, everything else to standard error.
int generate_token(const StoreAccess& access, const std::string& name, const std::string& cert_email);
int show_token(const StoreAccess& access, const std::string& name);
int list_tokens(const StoreAccess& access);
int delete_token(const StoreAccess& access, const std::string& name, Cascade cascade);

}  // namespace cardea::cli
