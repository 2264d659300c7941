// One line of the access log: a request and what became of it, as JSON. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/limits.h"

namespace cardea::metrics {

// The views are looked at while the line is made. What came from the network is as it came: unsafe bytes are
// escaped here, and long values are cut.
struct AccessRecord {
  std::chrono::system_clock::time_point time = {};  // when the request began
  std::string_view request_id = {};
  std::string_view client = {};
  std::string_view host = {};
  std::string_view method = {};
  std::string_view path = {};  // without the query: it may hold a secret
  std::string_view protocol = {};
  std::string_view tls = {};  // empty: none
  int status = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::chrono::nanoseconds duration{};
  std::string_view upstream = {};  // empty: none was asked, and the line says nothing of one
  std::optional<std::chrono::nanoseconds> upstream_first_byte = {};
  bool upstream_reused = false;
  // The rest is in the line unless it is empty.
  std::string_view mcp_method = {};
  std::string_view mcp_name = {};
  std::string_view error = {};
  std::string_view aborted = {};
};

// Writes one line with its newline and returns its length, at most kAccessLineBytesMax: `out` has room for so
// many. Always valid JSON, and valid UTF-8. No allocation.
std::size_t write_access_line(const AccessRecord& record, std::span<char> out);

}  // namespace cardea::metrics
