// From stored objects to the workers' tables: one change in, one or a few hosts out. It never rebuilds what a
// change does not concern.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/strings.h"
#include "proxy/host.h"
#include "proxy/upstream_trust.h"
#include "server/worker.h"
#include "store/certificate_record.h"
#include "store/target_record.h"
#include "tls/ticket_keys.h"

namespace cardea::server {

// Control thread only. Applying the same object twice, or an older one after a newer, changes nothing.
class Publisher {
 public:
  Publisher(std::vector<std::unique_ptr<Worker>>& workers, tls::TicketKeys& tickets)
      : workers_(workers), tickets_(tickets) {}

  void put_target(const store::TargetRecord& record);
  void remove_target(const std::string& hostname);
  void put_certificate(const store::CertificateRecord& record);
  void remove_certificate(const std::string& cert_name);

  // Before the store is read for reconcile(): what is put or removed from here on is newer than what may be
  // read.
  void expect_content() { meanwhile_.emplace(); }
  // The store's whole content: what is not in it is removed. `unreadable` are names of objects that are there
  // and cannot be read; what is served for them stays, and so does what came of a change meanwhile.
  struct Content {
    std::vector<store::TargetRecord> targets;
    std::vector<store::CertificateRecord> certificates;
    std::vector<std::string> unreadable;
  };
  void reconcile(const Content& content);

  // Certificates that can be served.
  [[nodiscard]] std::size_t certificates_loaded() const { return certificates_.size(); }

 private:
  struct LoadedTarget {
    proxy::Target target;
    std::string cert_name;
    std::uint64_t generation = 0;
  };
  struct LoadedCertificate {
    std::shared_ptr<const tls::Credentials> credentials;
    std::vector<std::string> names;
    base::Time expires_at;
    std::string fingerprint;
    std::uint64_t generation = 0;
  };

  // Names of what was put or removed while the store was being read.
  struct Meanwhile {
    std::set<std::string> targets;
    std::set<std::string> certificates;
  };

  // Makes the host of `hostname` from what is loaded and posts it, or its removal, to every worker.
  void publish(const std::string& hostname);
  [[nodiscard]] const LoadedCertificate* certificate_for(const std::string& hostname,
                                                         const LoadedTarget* target) const;

  std::vector<std::unique_ptr<Worker>>& workers_;
  tls::TicketKeys& tickets_;
  proxy::UpstreamTrust upstream_trust_;
  std::unordered_map<std::string, LoadedTarget> targets_;            // by hostname
  std::unordered_map<std::string, LoadedCertificate> certificates_;  // by certificate name
  std::unordered_map<std::string, std::set<std::string>>
      certificates_by_name_;  // hostname → certificate names
  std::unordered_map<std::string, std::shared_ptr<const proxy::Host>> published_;
  std::optional<Meanwhile> meanwhile_;  // set from expect_content() to reconcile()
};

}  // namespace cardea::server
