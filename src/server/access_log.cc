#include "server/access_log.h"

#include <utility>

#include "base/limits.h"
#include "metrics/access_line.h"
#include "proxy/forwarding.h"

namespace cardea::server {
namespace {

using Aborted = http::ExchangeRecord::Aborted;

// Queries carry secrets (?access_token=…), so they are not in the log.
std::string_view without_query(std::string_view target) {
  return target.substr(0, target.find('?'));
}

// The name of a resource is a URI; those of tools and prompts, and encoded ones (=?base64?…?=), are not.
std::string_view without_query_if_uri(std::string_view name) {
  return name.find("://") == std::string_view::npos ? name : without_query(name);
}

std::string_view to_string(Aborted by) {
  switch (by) {
    case Aborted::no: return "";
    case Aborted::client: return "client";
    case Aborted::upstream: return "upstream";
    case Aborted::proxy: return "proxy";
  }
  return "";
}

std::string_view protocol_of(const http::RequestHead& request) {
  if (request.method_text.empty()) return "";  // it was not understood
  return request.version_minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

metrics::AccessRecord make_record(const http::Exchange& exchange) {
  const http::ExchangeRecord& record = exchange.record();
  const http::RequestHead& request = exchange.request();
  const auto duration = http::ExchangeRecord::Clock::now() - record.begun;
  // Who broke off is known, or it was us: at the end of the program.
  const Aborted aborted =
      record.aborted == Aborted::no && !exchange.finished() ? Aborted::proxy : record.aborted;
  return {.time = std::chrono::system_clock::now() -
                  std::chrono::duration_cast<std::chrono::system_clock::duration>(duration),
          .request_id = record.id,
          .client = proxy::client_address(request, exchange.connection()),
          .host = request.authority,
          .method = request.method_text,
          .path = without_query(request.target),
          .protocol = protocol_of(request),
          .tls = exchange.connection().tls_version,
          .status = record.status,
          .request_bytes = record.request_body_bytes,
          .response_bytes = record.response_body_bytes,
          .duration = duration,
          .upstream = record.upstream,
          .upstream_first_byte = record.upstream_first_byte,
          .upstream_reused = record.upstream_reused,
          .mcp_method = request.fields.find("mcp-method").value_or(""),
          .mcp_name = without_query_if_uri(request.fields.find("mcp-name").value_or("")),
          .error = record.error,
          .aborted = to_string(aborted)};
}

}  // namespace

void AccessLog::add(const http::Exchange& exchange) {
  if (!std::exchange(timer_set_, true)) loop_.set_timer(*this, base::kAccessFlushInterval);
  if (!make_room()) {
    ++dropped_;
    return;
  }
  chunk_->size +=
      metrics::write_access_line(make_record(exchange), std::span(chunk_->bytes).subspan(chunk_->size));
}

bool AccessLog::make_room() {
  if (chunk_ && chunk_->room() >= base::kAccessLineBytesMax) return true;
  if (chunk_) writer_.submit(std::move(chunk_));
  chunk_ = writer_.take_chunk();
  return chunk_ != nullptr;
}

void AccessLog::on_expired() {
  timer_set_ = false;
  hand_over();
}

void AccessLog::hand_over() {
  if (chunk_ && chunk_->size > 0) writer_.submit(std::move(chunk_));
  if (dropped_ > 0) writer_.note_dropped(std::exchange(dropped_, 0));
}

}  // namespace cardea::server
