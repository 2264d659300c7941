#include "proxy/upstream_trust.h"

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/hostname.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "crypto/trust_store.h"

namespace cardea::proxy {
namespace {

constexpr std::size_t kIdBytes = 16;  // of a SHA-256: no two texts of anybody's making share these

std::string id_of(const store::TargetRecord& record) {
  if (record.insecure_skip_verify) return "unverified";
  if (record.upstream_ca_pem.empty()) return "";
  return "trusting sha256:" + base::to_hex(crypto::sha256(record.upstream_ca_pem).substr(0, kIdBytes));
}

base::Status check_ca_pem(const std::string& pem) {
  if (pem.size() > base::kUpstreamCaBytesMax) {
    return base::fail(base::ErrorCode::invalid,
                      fmt::format("it is longer than {} bytes", base::kUpstreamCaBytesMax));
  }
  auto store = crypto::make_trust_store(pem);
  if (!store) return std::unexpected(store.error());
  return {};
}

}  // namespace

std::vector<std::string> upstream_tls_faults(const store::TargetRecord& record, Transport transport) {
  std::vector<std::string> faults;
  const auto complain = [&](std::string_view member, std::string_view why) {
    faults.push_back(fmt::format("{}: {}", member, why));
  };
  const bool has_pem = !record.upstream_ca_pem.empty();
  const bool has_name = !record.upstream_server_name.empty();
  if (transport == Transport::plain) {
    static constexpr std::string_view kWhy =
        "target_url is not https://, so nothing is verified; leave it out";
    if (has_pem) complain("upstream_ca_pem", kWhy);
    if (has_name) complain("upstream_server_name", kWhy);
    if (record.insecure_skip_verify) complain("insecure_skip_verify", kWhy);
    return faults;
  }
  if (has_pem && record.insecure_skip_verify) {
    complain("insecure_skip_verify", "what upstream_ca_pem says would not be looked at; give one of both");
  } else if (has_pem) {
    if (auto usable = check_ca_pem(record.upstream_ca_pem); !usable) {
      complain("upstream_ca_pem", usable.error().context);
    }
  }
  if (has_name && !base::is_ip_literal(record.upstream_server_name)) {
    if (auto name = base::parse_hostname(record.upstream_server_name); !name) {
      complain("upstream_server_name", name.error().context);
    }
  }
  return faults;
}

base::Result<UpstreamTrust::Trusted> UpstreamTrust::find(const store::TargetRecord& record) {
  std::string id = id_of(record);
  if (const auto found = contexts_.find(id); found != contexts_.end()) {
    if (auto context = found->second.lock()) return Trusted{std::move(context), std::move(id)};
  }
  auto made = tls::ClientContext::make(
      {.ca_pem = record.insecure_skip_verify ? std::string() : record.upstream_ca_pem,
       .verification = record.insecure_skip_verify ? tls::Verification::skipped : tls::Verification::required,
       .protocol = "http/1.1",
       .issuer_advice = "give the certificate of its CA, or its own, as upstream_ca_pem",
       .name_advice = "give a name that it has as upstream_server_name"});
  if (!made) return base::wrap(made.error(), "upstream_ca_pem");
  std::erase_if(contexts_, [](const auto& entry) { return entry.second.expired(); });
  contexts_.insert_or_assign(id, *made);
  if (id.empty()) system_ = *made;
  return Trusted{std::move(*made), std::move(id)};
}

}  // namespace cardea::proxy
