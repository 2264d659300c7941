#include "crypto/csr.h"

#include <set>

#include <fmt/core.h>

#include "base/hostname.h"
#include "base/limits.h"

namespace cardea::crypto {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

Result<std::set<std::string>> canonical_names(std::span<const std::string> domains) {
  if (domains.empty()) return fail(ErrorCode::invalid, "a certificate needs at least one name");
  if (domains.size() > base::kDomainsPerCertificateMax) {
    return fail(ErrorCode::too_large,
                fmt::format("a certificate has at most {} names", base::kDomainsPerCertificateMax));
  }
  std::set<std::string> names;
  for (const std::string_view domain : domains) {
    const bool wildcard = domain.starts_with("*.");
    auto name = base::parse_hostname(wildcard ? domain.substr(2) : domain);
    if (!name) return std::unexpected(std::move(name.error()));
    if (base::is_ip_literal(*name)) return fail(ErrorCode::invalid, *name + " is an address, not a DNS name");
    names.insert(wildcard ? "*." + *name : *name);
  }
  return names;
}

}  // namespace

Result<std::string> make_csr_der(const PrivateKey& key, std::span<const std::string> domains) {
  const auto names = canonical_names(domains);
  if (!names) return std::unexpected(names.error());
  const RequestPtr request(X509_REQ_new());
  const GeneralNamesPtr alternative = make_dns_names(*names);
  if (!request || !alternative) return openssl_failure("making a CSR");
  STACK_OF(X509_EXTENSION)* raw = nullptr;
  const int added = X509V3_add1_i2d(&raw, NID_subject_alt_name, alternative.get(), 0, X509V3_ADD_DEFAULT);
  const ExtensionsPtr extensions(raw);
  if (added != 1 || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.handle()) != 1 ||
      X509_REQ_add_extensions(request.get(), extensions.get()) != 1) {
    return openssl_failure("making a CSR");
  }
  const EVP_MD* digest = key.type() == KeyType::ec_p384 ? EVP_sha384() : EVP_sha256();
  if (X509_REQ_sign(request.get(), key.handle(), digest) <= 0) return openssl_failure("signing a CSR");
  const int size = i2d_X509_REQ(request.get(), nullptr);
  if (size <= 0) return openssl_failure("writing a CSR");
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509_REQ(request.get(), &out);
  return der;
}

}  // namespace cardea::crypto
