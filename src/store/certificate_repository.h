// Certificates in Redis.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/task.h"
#include "store/certificate_record.h"
#include "store/object_store.h"

namespace cardea::store {

// What becomes of an order that runs for the certificate.
enum class RunningOrder : std::uint8_t { keep, drop };

// Loop thread only; `client` and `scripts` outlive it, and it outlives its tasks. Saving also puts the
// certificate into the due queue at record.next_action_at, or takes it off.
// Errors: those of RedisClient::command(); invalid when what is stored is malformed; conflict as said below.
class CertificateRepository {
 public:
  CertificateRepository(RedisClient& client, ScriptRunner& scripts)
      : objects_(client, scripts, ObjectKind::certificate) {}

  net::Task<base::Result<std::optional<CertificateRecord>>> load(std::string cert_name);
  // Sorted by name. A malformed object is left out with a line in the log: one bad object must not hide the
  // others.
  net::Task<base::Result<std::vector<CertificateRecord>>> list();
  // The same, with the names of those left out.
  net::Task<base::Result<Listing<CertificateRecord>>> list_all();
  // Stores `record` if what is stored is as `expected` (usually record.generation, as it was read; 0 for a
  // new one) and, with a lease, if nobody else holds that lease now. Returns the new generation. Error
  // (conflict): it is not.
  net::Task<base::Result<std::uint64_t>> save(CertificateRecord record, Expected expected,
                                              std::optional<Lease> lease = std::nullopt,
                                              RunningOrder order = RunningOrder::keep);
  // Its running order goes too. False: there was none. Error (conflict) as above.
  net::Task<base::Result<bool>> erase(std::string cert_name, Expected expected = Expected::any(),
                                      std::optional<Lease> lease = std::nullopt);

 private:
  ObjectStore objects_;
};

}  // namespace cardea::store
