// Reading the CA's JSON: bounded, never throwing, with errors that name the member.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/error.h"

namespace cardea::acme {

// Error (protocol, source ca): over kAcmeBodyBytesMax, no JSON, or no object. `what` names the document.
[[nodiscard]] base::Result<boost::json::object> parse_json_object(std::string_view body,
                                                                  std::string_view what);

// A member that is missing, null or of another type gives nullptr / "" / false / nullopt: CAs send null
// for "not there".
[[nodiscard]] const boost::json::object* find_object(const boost::json::object& from, std::string_view name);
[[nodiscard]] const boost::json::array* find_array(const boost::json::object& from, std::string_view name);
[[nodiscard]] std::string find_text(const boost::json::object& from, std::string_view name);
[[nodiscard]] bool find_flag(const boost::json::object& from, std::string_view name);

// Error (protocol, source ca): missing, or not an https URL of at most kAcmeUrlBytesMax (RFC 8555 §6.1).
[[nodiscard]] base::Result<std::string> require_https_url(const boost::json::object& from,
                                                          std::string_view name, std::string_view what);
// The same, but a member that is missing or null gives "".
[[nodiscard]] base::Result<std::string> optional_https_url(const boost::json::object& from,
                                                           std::string_view name, std::string_view what);
[[nodiscard]] bool is_https_url(std::string_view text);

// At most `bytes_max` bytes, cut between UTF-8 characters; control characters become spaces, bytes that
// are no UTF-8 U+FFFD.
[[nodiscard]] std::string bounded_text(std::string_view text, std::size_t bytes_max);

}  // namespace cardea::acme
