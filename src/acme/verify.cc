#include "acme/verify.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/limits.h"
#include "base/strings.h"
#include "crypto/certificate.h"

namespace cardea::acme {
namespace {

using base::Result;
using crypto::Certificate;

std::unexpected<base::Error> bad(const std::string& why) {
  return base::fail(base::ErrorCode::invalid, "the CA's certificate is refused: " + why,
                    base::ErrorSource::ca);
}

Result<std::vector<Certificate>> parse_chain(std::string_view chain_pem) {
  const auto blocks = crypto::split_certificate_pem(chain_pem);
  if (!blocks) return bad(blocks.error().context);
  std::vector<Certificate> chain;
  for (const std::string& block : *blocks) {
    auto certificate = crypto::parse_certificate_pem(block);
    if (!certificate) return bad(certificate.error().context);
    chain.push_back(std::move(*certificate));
  }
  return chain;
}

base::Status check_key(const std::vector<Certificate>& chain, const crypto::PrivateKey& key) {
  if (key.public_matches(chain.front())) return {};
  const bool elsewhere =
      std::ranges::any_of(chain, [&](const Certificate& other) { return key.public_matches(other); });
  if (elsewhere) return bad("it is not the first of its chain");
  return bad("it is for another private key than the one we asked for");
}

base::Status check_names(const Certificate& leaf, std::span<const std::string> domains) {
  for (const std::string& domain : domains) {
    if (std::ranges::find(leaf.dns_names(), base::to_lower(domain)) == leaf.dns_names().end()) {
      return bad("it does not name " + domain);
    }
  }
  return {};
}

base::Status check_dates(const Certificate& leaf, base::Time now) {
  if (leaf.not_after() <= now) return bad("it expired at " + base::to_rfc3339(leaf.not_after()));
  if (leaf.not_before() > now + base::kNotBeforeSkewMax) {
    return bad(fmt::format("it is valid only from {}, and here it is {}; is a clock wrong?",
                           base::to_rfc3339(leaf.not_before()), base::to_rfc3339(now)));
  }
  return {};
}

}  // namespace

Result<IssuedInfo> verify_issued(std::string_view chain_pem, const crypto::PrivateKey& key,
                                 std::span<const std::string> domains, base::Time now) {
  const auto chain = parse_chain(chain_pem);
  if (!chain) return std::unexpected(chain.error());
  const Certificate& leaf = chain->front();
  if (auto done = check_key(*chain, key); !done) return std::unexpected(std::move(done.error()));
  if (auto done = check_names(leaf, domains); !done) return std::unexpected(std::move(done.error()));
  if (auto done = check_dates(leaf, now); !done) return std::unexpected(std::move(done.error()));
  return IssuedInfo{leaf.not_before(), leaf.not_after(), leaf.fingerprint(), leaf.issuer()};
}

}  // namespace cardea::acme
