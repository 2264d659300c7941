// The names of all keys: the only place that builds them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace cardea::store {

// What has an index, a generation and an entry in the change stream.
enum class ObjectKind : std::uint8_t { certificate, target, token };

// The word of the change stream: "certificate", "target", "token".
[[nodiscard]] std::string_view to_string(ObjectKind kind);

namespace key_names {

// "cert:", "proxy:", "token:": what every object of the kind begins with.
[[nodiscard]] std::string_view prefix(ObjectKind kind);
// cert:{cert_name}, proxy:{hostname}, token:{name}
[[nodiscard]] std::string object(ObjectKind kind, std::string_view name);
// The set of the names of a kind: index:certs, index:targets, index:tokens.
[[nodiscard]] std::string index(ObjectKind kind);

// auth:token:{sha256hex}. Takes the hash with or without its "sha256:".
[[nodiscard]] std::string token_authentication(std::string_view hash);
// challenge:{token} for http-01, alpn:{domain} for tls-alpn-01.
[[nodiscard]] std::string challenge(std::string_view token);
[[nodiscard]] std::string tls_alpn(std::string_view domain);
// account:{provider}:{email}; the provider is the authority of the directory's URL, so two CAs, or one CA's
// staging and production, never share a key. Error (invalid): `directory_url` is no URL.
[[nodiscard]] base::Result<std::string> account(std::string_view directory_url, std::string_view email);
// account-state:{provider}:{email} and hold:{provider}:{email}, errors as above.
[[nodiscard]] base::Result<std::string> account_state(std::string_view directory_url, std::string_view email);
[[nodiscard]] base::Result<std::string> account_hold(std::string_view directory_url, std::string_view email);
[[nodiscard]] std::string order(std::string_view cert_name);
[[nodiscard]] std::string progress(std::string_view cert_name);
[[nodiscard]] std::string lease(std::string_view name);
// ledger:{provider}:{limit}:{subject}: what was done towards one limit of a CA.
[[nodiscard]] std::string ledger(std::string_view provider, std::string_view limit, std::string_view subject);

// Counters, the due queue and the change stream, one each.
inline constexpr std::string_view kDue = "due";
inline constexpr std::string_view kFence = "fence";
inline constexpr std::string_view kGeneration = "generation";
inline constexpr std::string_view kChanges = "changes";

}  // namespace key_names

}  // namespace cardea::store
