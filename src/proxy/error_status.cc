#include "proxy/error_status.h"

namespace cardea::proxy {

int error_status(const base::Error& error) {
  if (error.source == base::ErrorSource::client) return error.code == base::ErrorCode::invalid ? 400 : 0;
  if (error.source != base::ErrorSource::upstream) return 503;
  return error.code == base::ErrorCode::timeout ? 504 : 502;
}

}  // namespace cardea::proxy
