#include "crypto/certificate.h"

#include <ctime>
#include <optional>

#include "base/check.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "crypto/digest.h"

namespace cardea::crypto {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

std::optional<base::Time> to_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{parts.tm_year + 1900},
                                         std::chrono::month{static_cast<unsigned>(parts.tm_mon + 1)},
                                         std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
  if (!date.ok()) return std::nullopt;
  return base::Time{std::chrono::sys_days{date}} + std::chrono::hours{parts.tm_hour} +
         std::chrono::minutes{parts.tm_min} + std::chrono::seconds{parts.tm_sec};
}

std::string bytes_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

// nullopt: the extension is there twice or cannot be read, or a name has bytes no hostname has. A NUL in a
// name has fooled verifiers before (CVE-2009-2408).
std::optional<std::vector<std::string>> read_dns_names(const X509* certificate) {
  int critical = 0;
  const GeneralNamesPtr list(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  if (!list) return critical == -1 ? std::optional(std::vector<std::string>{}) : std::nullopt;
  std::vector<std::string> names;
  for (int i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
    int type = -1;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list.get(), i), &type);
    if (type != GEN_DNS) continue;
    std::string name = base::to_lower(bytes_of(static_cast<const ASN1_STRING*>(value)));
    for (const char c : name) {
      if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f) return std::nullopt;
    }
    names.push_back(std::move(name));
  }
  return names;
}

std::string name_text(const X509_NAME* name) {
  for (const int part : {NID_commonName, NID_organizationName}) {
    const int at = X509_NAME_get_index_by_NID(name, part, -1);
    if (at < 0) continue;
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size < 0) continue;
    std::string utf8(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
    return utf8;
  }
  return "";
}

}  // namespace

Result<Certificate> Certificate::from_der(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  Certificate parsed(CertificatePtr(d2i_X509(nullptr, &at, static_cast<long>(der.size()))));
  if (!parsed.certificate_ || at != end) {
    static_cast<void>(take_openssl_errors());
    return fail(ErrorCode::invalid, "this is not an X.509 certificate");
  }
  const auto not_before = to_time(X509_get0_notBefore(parsed.handle()));
  const auto not_after = to_time(X509_get0_notAfter(parsed.handle()));
  auto names = read_dns_names(parsed.handle());
  static_cast<void>(take_openssl_errors());
  if (!not_before || !not_after) return fail(ErrorCode::invalid, "the certificate's dates are malformed");
  if (!names) return fail(ErrorCode::invalid, "the certificate's subjectAltName is malformed");
  parsed.not_before_ = *not_before;
  parsed.not_after_ = *not_after;
  parsed.dns_names_ = std::move(*names);
  return parsed;
}

std::string Certificate::issuer() const {
  return name_text(X509_get_issuer_name(handle()));
}

std::string Certificate::subject() const {
  return name_text(X509_get_subject_name(handle()));
}

std::string Certificate::fingerprint() const {
  return "sha256:" + base::to_hex(sha256(der()));
}

std::string Certificate::serial() const {
  return base::to_hex(bytes_of(X509_get0_serialNumber(handle())));
}

std::string Certificate::serial_octets() const {
  const ASN1_INTEGER* number = X509_get0_serialNumber(handle());
  const int size = i2d_ASN1_INTEGER(number, nullptr);
  CARDEA_CHECK(size > 0, "a certificate that was parsed can be written");
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_ASN1_INTEGER(number, &out);
  const auto* content = reinterpret_cast<const unsigned char*>(der.data());
  long length = 0;
  int tag = 0;
  int tag_class = 0;
  const int form = ASN1_get_object(&content, &length, &tag, &tag_class, size);
  CARDEA_CHECK(form == 0, "OpenSSL has just written this");
  return {reinterpret_cast<const char*>(content), static_cast<std::size_t>(length)};
}

std::optional<std::string> Certificate::authority_key_id() const {
  const ASN1_OCTET_STRING* id = X509_get0_authority_key_id(handle());
  static_cast<void>(take_openssl_errors());  // a malformed extension is no extension
  if (id == nullptr || ASN1_STRING_length(id) == 0) return std::nullopt;
  return bytes_of(id);
}

bool Certificate::covers(std::string_view hostname) const {
  if (hostname.ends_with('.')) hostname.remove_suffix(1);
  if (hostname.empty()) return false;
  const std::string host = base::to_lower(hostname);
  for (const std::string_view name : dns_names_) {
    if (name == host) return true;
    const std::size_t dot = host.find('.');
    if (!name.starts_with("*.") || dot == 0 || dot == std::string::npos) continue;
    if (std::string_view(host).substr(dot) == name.substr(1)) return true;
  }
  return false;
}

std::string Certificate::der() const {
  const int size = i2d_X509(handle(), nullptr);
  CARDEA_CHECK(size > 0, "a certificate that was parsed can be written");
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509(handle(), &out);
  return der;
}

}  // namespace cardea::crypto
