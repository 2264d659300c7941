// The PEM half of certificate.h: strict, because the text comes from the CA and goes into the store.
#include "base/encoding.h"
#include "base/limits.h"
#include "base/strings.h"
#include "crypto/certificate.h"

namespace cardea::crypto {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
constexpr std::size_t kLineChars = 64;  // RFC 7468 §2

std::string to_pem_block(std::string_view der) {
  const std::string text = base::to_base64(der);
  std::string pem(kBegin);
  pem.push_back('\n');
  for (std::size_t at = 0; at < text.size(); at += kLineChars) {
    pem.append(text, at, kLineChars).push_back('\n');
  }
  return pem.append(kEnd).append("\n");
}

std::string_view skip_blank_lines(std::string_view text) {
  while (!text.empty() &&
         (text.front() == '\n' || text.front() == '\r' || text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  return text;
}

std::unexpected<base::Error> bad_outside(std::string_view rest) {
  if (rest.starts_with("-----BEGIN ")) {
    const std::string_view label = rest.substr(0, rest.find('\n'));
    return fail(ErrorCode::invalid,
                "the chain has a block that is not a certificate: " + base::printable(label, 60));
  }
  return fail(ErrorCode::invalid,
              "the chain has text outside its certificates: \"" + base::printable(rest, 40) + "\"");
}

// Takes one block off the front of `rest` and returns its DER.
Result<std::string> take_block(std::string_view& rest) {
  if (!rest.starts_with(kBegin)) return bad_outside(rest);
  const std::size_t end = rest.find(kEnd);
  if (end == std::string_view::npos) return fail(ErrorCode::invalid, "a certificate's PEM block has no end");
  auto der = base::parse_base64(rest.substr(kBegin.size(), end - kBegin.size()));
  if (!der) return fail(ErrorCode::invalid, "a certificate's PEM block is damaged: " + der.error().context);
  if (der->empty()) return fail(ErrorCode::invalid, "a certificate's PEM block is empty");
  rest.remove_prefix(end + kEnd.size());
  if (!rest.empty() && rest.front() != '\n' && rest.front() != '\r') return bad_outside(rest);
  return der;
}

Result<std::vector<std::string>> split_to_der(std::string_view pem) {
  if (pem.size() > base::kChainBytesMax) {
    return fail(ErrorCode::too_large, "the certificate chain is larger than 256 KiB");
  }
  std::vector<std::string> blocks;
  for (std::string_view rest = skip_blank_lines(pem); !rest.empty(); rest = skip_blank_lines(rest)) {
    if (blocks.size() == base::kChainBlocksMax) {
      return fail(ErrorCode::too_large, "the certificate chain has more than 20 certificates");
    }
    auto der = take_block(rest);
    if (!der) return std::unexpected(std::move(der.error()));
    blocks.push_back(std::move(*der));
  }
  if (blocks.empty()) return fail(ErrorCode::invalid, "the certificate chain is empty");
  return blocks;
}

}  // namespace

std::string Certificate::to_pem() const {
  return to_pem_block(der());
}

Result<std::vector<std::string>> split_certificate_pem(std::string_view pem) {
  auto blocks = split_to_der(pem);
  if (!blocks) return blocks;
  for (std::string& block : *blocks) block = to_pem_block(block);
  return blocks;
}

Result<Certificate> parse_certificate_pem(std::string_view pem) {
  auto blocks = split_to_der(pem);
  if (!blocks) return std::unexpected(std::move(blocks.error()));
  return Certificate::from_der(blocks->front());
}

Result<std::string> certificate_der(std::string_view pem) {
  auto leaf = parse_certificate_pem(pem);
  if (!leaf) return std::unexpected(std::move(leaf.error()));
  return leaf->der();
}

}  // namespace cardea::crypto
