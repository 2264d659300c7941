#include "server/publisher.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace cardea::server {

void Publisher::put_target(const store::TargetRecord& record) {
  if (meanwhile_) meanwhile_->targets.insert(record.hostname);
  const auto found = targets_.find(record.hostname);
  if (found != targets_.end() && found->second.generation >= record.generation) return;
  auto target = proxy::Target::from_record(record, upstream_trust_);
  if (!target) {
    // Somebody wrote to the store by hand. This host is left as it was; no other is concerned.
    base::log_error("proxy target {} cannot be served: {}", record.hostname, target.error().context);
    return;
  }
  targets_.insert_or_assign(record.hostname,
                            LoadedTarget{std::move(*target), record.cert_name, record.generation});
  publish(record.hostname);
}

void Publisher::remove_target(const std::string& hostname) {
  if (meanwhile_) meanwhile_->targets.insert(hostname);
  if (targets_.erase(hostname) > 0) publish(hostname);
}

void Publisher::put_certificate(const store::CertificateRecord& record) {
  if (meanwhile_) meanwhile_->certificates.insert(record.cert_name);
  const auto found = certificates_.find(record.cert_name);
  if (found != certificates_.end() && found->second.generation >= record.generation) return;
  if (record.status == store::CertificateStatus::revoked) return remove_certificate(record.cert_name);
  if (!record.issued()) return;  // nothing to serve yet
  if (found != certificates_.end() && found->second.fingerprint == record.fingerprint &&
      found->second.names == record.domains) {
    // The work on it went on, and what is served stayed: no worker has to know.
    found->second.generation = record.generation;
    return;
  }
  auto credentials = tls::Credentials::from_pem(record.fullchain_pem, record.private_key_pem);
  if (!credentials) {
    base::log_error("certificate {} cannot be served: {}", record.cert_name, credentials.error().context);
    return;
  }
  std::set<std::string> concerned(record.domains.begin(), record.domains.end());
  if (found != certificates_.end()) {
    for (const std::string& name : found->second.names) {
      certificates_by_name_[name].erase(record.cert_name);
      concerned.insert(name);
    }
  }
  for (const std::string& name : record.domains) certificates_by_name_[name].insert(record.cert_name);
  certificates_.insert_or_assign(
      record.cert_name,
      LoadedCertificate{std::make_shared<const tls::Credentials>(std::move(*credentials)), record.domains,
                        *record.expires_at, record.fingerprint, record.generation});
  for (const std::string& name : concerned) publish(name);
}

void Publisher::remove_certificate(const std::string& cert_name) {
  if (meanwhile_) meanwhile_->certificates.insert(cert_name);
  const auto found = certificates_.find(cert_name);
  if (found == certificates_.end()) return;
  const std::vector<std::string> names = std::move(found->second.names);
  certificates_.erase(found);
  for (const std::string& name : names) {
    certificates_by_name_[name].erase(cert_name);
    publish(name);
  }
}

void Publisher::reconcile(const Content& content) {
  const Meanwhile meanwhile = std::exchange(meanwhile_, std::nullopt).value_or(Meanwhile{});
  std::set<std::string> gone;
  for (const auto& [hostname, target] : targets_) gone.insert(hostname);
  for (const store::TargetRecord& record : content.targets) gone.erase(record.hostname);
  for (const std::string& name : content.unreadable) gone.erase(name);
  for (const std::string& name : meanwhile.targets) gone.erase(name);
  for (const std::string& hostname : gone) remove_target(hostname);
  gone.clear();
  for (const auto& [cert_name, certificate] : certificates_) gone.insert(cert_name);
  for (const store::CertificateRecord& record : content.certificates) gone.erase(record.cert_name);
  for (const std::string& name : content.unreadable) gone.erase(name);
  for (const std::string& name : meanwhile.certificates) gone.erase(name);
  for (const std::string& cert_name : gone) remove_certificate(cert_name);
  // A change of another node may have been read before it comes by the stream. What was removed here stays
  // so.
  for (const store::CertificateRecord& record : content.certificates) {
    if (!meanwhile.certificates.contains(record.cert_name) || certificates_.contains(record.cert_name)) {
      put_certificate(record);
    }
  }
  for (const store::TargetRecord& record : content.targets) {
    if (!meanwhile.targets.contains(record.hostname) || targets_.contains(record.hostname))
      put_target(record);
  }
}

const Publisher::LoadedCertificate* Publisher::certificate_for(const std::string& hostname,
                                                               const LoadedTarget* target) const {
  const auto names = certificates_by_name_.find(hostname);
  if (names == certificates_by_name_.end()) return nullptr;
  const LoadedCertificate* best = nullptr;
  for (const std::string& cert_name : names->second) {
    const LoadedCertificate& candidate = certificates_.at(cert_name);
    if (target != nullptr && target->cert_name == cert_name) return &candidate;
    if (best == nullptr || candidate.expires_at > best->expires_at) best = &candidate;
  }
  return best;
}

void Publisher::publish(const std::string& hostname) {
  const auto target = targets_.find(hostname);
  const LoadedTarget* loaded_target = target == targets_.end() ? nullptr : &target->second;
  const LoadedCertificate* certificate = certificate_for(hostname, loaded_target);
  if (loaded_target == nullptr && certificate == nullptr) {
    published_.erase(hostname);
    certificates_by_name_.erase(hostname);
    for (auto& worker : workers_) worker->remove_host(hostname);
    return;
  }
  auto host = std::make_shared<proxy::Host>();
  host->name = hostname;
  if (loaded_target != nullptr) host->target = loaded_target->target;
  if (certificate != nullptr) {
    host->certificate_names = certificate->names;
    // The same certificate as before keeps its context: a change of the target costs no handshake anything.
    const auto before = published_.find(hostname);
    const bool same = before != published_.end() && before->second->certificate &&
                      before->second->certificate->credentials() == certificate->credentials;
    host->certificate =
        same ? before->second->certificate
             : std::make_shared<tls::HostContext>(hostname, certificate->credentials, tickets_);
  }
  published_.insert_or_assign(hostname, host);
  for (auto& worker : workers_) worker->put_host(host);
}

}  // namespace cardea::server
