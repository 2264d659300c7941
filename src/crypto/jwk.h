// The public half of a key as JOSE and ACME write it.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "crypto/key.h"

namespace cardea::crypto {

// The public JWK with its required members in lexical order and no space: the form that RFC 7638 §3 hashes.
// Error: internal.
[[nodiscard]] base::Result<std::string> public_jwk(const PrivateKey& key);
// base64url(SHA-256(public_jwk)) (RFC 7638). Error: internal.
[[nodiscard]] base::Result<std::string> jwk_thumbprint(const PrivateKey& key);
// token "." thumbprint (RFC 8555 §8.1).
[[nodiscard]] std::string key_authorization(std::string_view token, std::string_view thumbprint);
[[nodiscard]] base::Result<std::string> key_authorization(std::string_view token, const PrivateKey& key);

}  // namespace cardea::crypto
