// Certificates as the API shows them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "acme/manager.h"
#include "store/certificate_record.h"
#include "store/progress_repository.h"

namespace cardea::api {

enum class WithPrivateKey : std::uint8_t { no, yes };
enum class WithHistory : std::uint8_t { no, yes };

// What everybody may see: no key, no hash of a token. The key only where it is asked for, and then only the
// owner may be given it.
[[nodiscard]] boost::json::object certificate_view(const store::CertificateRecord& record,
                                                   WithHistory history = WithHistory::yes,
                                                   WithPrivateKey key = WithPrivateKey::no);
// The answer of …/status: in_progress, completed or failed, a sentence, and the step it is at.
[[nodiscard]] boost::json::object status_view(const store::CertificateRecord& record,
                                              const std::optional<store::Progress>& progress, base::Time now);

// "a.example, b.example"
[[nodiscard]] std::string joined_names(const std::vector<std::string>& names);

}  // namespace cardea::api
