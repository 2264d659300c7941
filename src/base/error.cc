#include "base/error.h"

namespace cardea::base {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid: return "invalid";
    case ErrorCode::unauthorized: return "unauthorized";
    case ErrorCode::forbidden: return "forbidden";
    case ErrorCode::not_found: return "not found";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::too_large: return "too large";
    case ErrorCode::timeout: return "timeout";
    case ErrorCode::refused: return "refused";
    case ErrorCode::closed: return "closed";
    case ErrorCode::protocol: return "protocol error";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::cancelled: return "cancelled";
    case ErrorCode::rejected: return "rejected";
    case ErrorCode::internal: return "internal error";
  }
  return "unknown";
}

std::string_view to_string(ErrorSource source) {
  switch (source) {
    case ErrorSource::client: return "client";
    case ErrorSource::upstream: return "upstream";
    case ErrorSource::ca: return "ca";
    case ErrorSource::store: return "store";
    case ErrorSource::self: return "self";
  }
  return "unknown";
}

std::string Error::to_string() const {
  std::string text(base::to_string(code));
  text.append(" (").append(base::to_string(source)).append(")");
  if (!context.empty()) text.append(": ").append(context);
  return text;
}

std::unexpected<Error> wrap(Error error, std::string_view what) {
  error.context = std::string(what) + ": " + error.context;
  return std::unexpected(std::move(error));
}

}  // namespace cardea::base
