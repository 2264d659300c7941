#include "crypto/self_signed.h"

#include <algorithm>
#include <array>
#include <vector>

#include <openssl/objects.h>

#include "base/hostname.h"
#include "crypto/random.h"

namespace cardea::crypto {
namespace {

using base::Result;

constexpr std::size_t kCommonNameBytesMax = 64;  // ub-common-name, RFC 5280 §A.1
constexpr std::size_t kSerialBytes = 16;

bool set_serial(X509* certificate) {
  std::string bytes = random_bytes(kSerialBytes);
  // Positive and never zero (RFC 5280 §4.1.2.2), and always of the same length.
  bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x3fU) | 0x40U);
  const BigNumberPtr number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                      static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_names(X509* certificate, const std::string& name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  if (name.size() <= kCommonNameBytesMax &&
      X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(name.data()),
                                 static_cast<int>(name.size()), -1, 0) != 1) {
    return false;
  }
  const GeneralNamesPtr alternative = make_dns_names(std::array{name});
  return alternative && X509_set_issuer_name(certificate, subject) == 1 &&
         X509_add1_ext_i2d(certificate, NID_subject_alt_name, alternative.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

bool add_usage(X509* certificate) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  constexpr std::array<std::pair<int, const char*>, 3> kUsage = {
      {{NID_basic_constraints, "critical,CA:FALSE"},
       {NID_key_usage, "critical,digitalSignature"},
       {NID_ext_key_usage, "serverAuth"}}};
  for (const auto& [kind, value] : kUsage) {
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) return false;
  }
  return true;
}

bool add_extension(X509* certificate, const CriticalExtension& wanted) {
  const std::unique_ptr<ASN1_OBJECT, OpensslDeleter<ASN1_OBJECT_free>> kind(
      OBJ_txt2obj(wanted.oid.c_str(), 1));
  const std::unique_ptr<ASN1_OCTET_STRING, OpensslDeleter<ASN1_STRING_free>> value(ASN1_OCTET_STRING_new());
  if (!kind || !value ||
      ASN1_OCTET_STRING_set(value.get(), reinterpret_cast<const unsigned char*>(wanted.value_der.data()),
                            static_cast<int>(wanted.value_der.size())) != 1) {
    return false;
  }
  const ExtensionPtr extension(X509_EXTENSION_create_by_OBJ(nullptr, kind.get(), 1, value.get()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_extensions(X509* certificate, std::span<const CriticalExtension> wanted) {
  return std::ranges::all_of(
      wanted, [certificate](const CriticalExtension& one) { return add_extension(certificate, one); });
}

bool set_dates(X509* certificate, base::Time not_before, base::Time not_after) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), not_before.time_since_epoch().count()) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), not_after.time_since_epoch().count()) != nullptr;
}

}  // namespace

Result<Certificate> make_self_signed(const PrivateKey& key, std::string_view name, base::Time not_before,
                                     std::chrono::seconds lifetime, std::span<const CriticalExtension> more) {
  if (lifetime.count() <= 0) return base::fail(base::ErrorCode::invalid, "the lifetime is not positive");
  const auto host = base::parse_hostname(name);
  if (!host) return std::unexpected(host.error());
  const CertificatePtr made(X509_new());
  if (!made || X509_set_version(made.get(), X509_VERSION_3) != 1 || !set_serial(made.get()) ||
      !set_names(made.get(), *host) || !set_dates(made.get(), not_before, not_before + lifetime) ||
      X509_set_pubkey(made.get(), key.handle()) != 1 || !add_usage(made.get()) ||
      !add_extensions(made.get(), more)) {
    return openssl_failure("making a self-signed certificate");
  }
  const EVP_MD* digest = key.type() == KeyType::ec_p384 ? EVP_sha384() : EVP_sha256();
  if (X509_sign(made.get(), key.handle(), digest) <= 0) return openssl_failure("signing a certificate");
  const int size = i2d_X509(made.get(), nullptr);
  if (size <= 0) return openssl_failure("writing a certificate");
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509(made.get(), &out);
  return Certificate::from_der(der);
}

}  // namespace cardea::crypto
