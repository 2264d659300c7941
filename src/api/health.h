// GET /health: is this node doing its work, and if not, why.
#pragma once

#include "api/message.h"
#include "api/services.h"

namespace cardea::api {

// Control thread only.
class Health {
 public:
  explicit Health(Services& services) : services_(services) {}
  // Always 200: a node without Redis still serves its hosts. "degraded" says that something needs attention.
  [[nodiscard]] Response get() const;

 private:
  Services& services_;
};

}  // namespace cardea::api
