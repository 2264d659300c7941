#include "store/key_names.h"

#include "base/url.h"

namespace cardea::store {
namespace {

std::string join(std::string_view prefix, std::string_view name) {
  return std::string(prefix).append(name);
}

base::Result<std::string> account_key(std::string_view prefix, std::string_view directory_url,
                                      std::string_view email) {
  const auto url = base::parse_url(directory_url);
  if (!url) return base::wrap(url.error(), "acme_directory_url");
  return join(prefix, url->authority()).append(":").append(email);
}

}  // namespace

std::string_view to_string(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::certificate: return "certificate";
    case ObjectKind::target: return "target";
    case ObjectKind::token: return "token";
  }
  return "unknown";
}

namespace key_names {

std::string_view prefix(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::certificate: return "cert:";
    case ObjectKind::target: return "proxy:";
    case ObjectKind::token: return "token:";
  }
  return "unknown:";
}

std::string object(ObjectKind kind, std::string_view name) {
  return join(prefix(kind), name);
}

std::string index(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::certificate: return "index:certs";
    case ObjectKind::target: return "index:targets";
    case ObjectKind::token: return "index:tokens";
  }
  return "index:unknown";
}

std::string token_authentication(std::string_view hash) {
  constexpr std::string_view kAlgorithm = "sha256:";
  if (hash.starts_with(kAlgorithm)) hash.remove_prefix(kAlgorithm.size());
  return join("auth:token:", hash);
}

std::string challenge(std::string_view token) {
  return join("challenge:", token);
}

std::string tls_alpn(std::string_view domain) {
  return join("alpn:", domain);
}

base::Result<std::string> account(std::string_view directory_url, std::string_view email) {
  return account_key("account:", directory_url, email);
}
base::Result<std::string> account_state(std::string_view directory_url, std::string_view email) {
  return account_key("account-state:", directory_url, email);
}
base::Result<std::string> account_hold(std::string_view directory_url, std::string_view email) {
  return account_key("hold:", directory_url, email);
}

std::string order(std::string_view cert_name) {
  return join("order:", cert_name);
}
std::string progress(std::string_view cert_name) {
  return join("progress:", cert_name);
}
std::string lease(std::string_view name) {
  return join("lease:", name);
}

std::string ledger(std::string_view provider, std::string_view limit, std::string_view subject) {
  return join("ledger:", provider).append(":").append(limit).append(":").append(subject);
}

}  // namespace key_names
}  // namespace cardea::store
