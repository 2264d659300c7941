// Asks a CA when a certificate should be renewed (RFC 9773).
#pragma once

#include <functional>

#include "acme/environment.h"
#include "net/task.h"
#include "store/certificate_record.h"

namespace cardea::acme {

// Loop thread only; `environment` outlives it.
class RenewalPoller {
 public:
  explicit RenewalPoller(Environment& environment) : environment_(environment) {}

  // One question. Returns what to change in the record, which may have become another one meanwhile: an
  // answer about a certificate that was replaced changes nothing. Failures only move the next question.
  net::Task<std::function<void(store::CertificateRecord&)>> poll(store::CertificateRecord record);

 private:
  net::Task<store::RenewalAdvice> ask(store::CertificateRecord record);

  Environment& environment_;
};

}  // namespace cardea::acme
