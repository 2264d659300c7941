#include "acme/renewal_info.h"

#include <algorithm>

#include "acme/json_fields.h"
#include "acme/retry_after.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/strings.h"

namespace cardea::acme {
namespace {

using std::chrono::seconds;

constexpr std::string_view kWhat = "the renewal information";

std::unexpected<base::Error> bad(std::string_view why) {
  return base::fail(base::ErrorCode::protocol, std::string(kWhat) + " from the CA " + std::string(why),
                    base::ErrorSource::ca);
}

// RFC 3986 §2: what is no URL character would only be there to break out of a page that shows it.
bool is_plain_url(std::string_view text) {
  static constexpr std::string_view kSigns = "-._~:/?#[]@!$&()*+,;=%";
  return is_https_url(text) && std::ranges::all_of(text, [](char c) {
           return base::is_alnum(c) || kSigns.find(c) != std::string_view::npos;
         });
}

}  // namespace

std::optional<std::string> renewal_id(const crypto::Certificate& certificate) {
  const auto authority = certificate.authority_key_id();
  if (!authority) return std::nullopt;
  return base::to_base64url(*authority) + "." + base::to_base64url(certificate.serial_octets());
}

base::Result<RenewalInfo> parse_renewal_info(std::string_view body) {
  const auto document = parse_json_object(body, kWhat);
  if (!document) return std::unexpected(document.error());
  const boost::json::object* window = find_object(*document, "suggestedWindow");
  if (window == nullptr) return bad("names no suggestedWindow");
  const auto start = base::parse_rfc3339(find_text(*window, "start"));
  const auto end = base::parse_rfc3339(find_text(*window, "end"));
  if (!start || !end) return bad("has a suggestedWindow without readable times");
  if (*end <= *start) return bad("has a suggestedWindow that ends before it begins");
  RenewalInfo info{*start, *end, find_text(*document, "explanationURL")};
  if (!is_plain_url(info.explanation_url)) info.explanation_url.clear();
  return info;
}

base::Time choose_renewal_time(const RenewalInfo& info, std::uint64_t random) {
  if (info.end <= info.start) return info.start;
  // Unsigned: the times may be any.
  const auto start = static_cast<std::uint64_t>(info.start.time_since_epoch().count());
  const auto end = static_cast<std::uint64_t>(info.end.time_since_epoch().count());
  return base::Time{seconds{static_cast<seconds::rep>(start + random % (end - start))}};
}

seconds next_poll_delay(std::string_view retry_after, base::Time now) {
  const auto asked = parse_retry_after(retry_after, now);
  if (!asked) return base::kRenewalInfoPoll;
  return std::clamp<seconds>(*asked, base::kRenewalInfoPollMin, base::kRenewalInfoPollMax);
}

PollFailure poll_failure(int http_status) {
  const bool temporary = http_status == 0 || http_status >= 500 || http_status == 429 || http_status == 408;
  return temporary ? PollFailure::temporary : PollFailure::long_term;
}

seconds failed_poll_delay(unsigned failures, PollFailure failure) {
  if (failure == PollFailure::long_term) return base::kRenewalInfoPoll;
  seconds delay = base::kRenewalInfoPollMin;
  for (unsigned i = 1; i < failures && delay < base::kRenewalInfoPoll; ++i) delay *= 2;
  return std::min<seconds>(delay, base::kRenewalInfoPoll);
}

}  // namespace cardea::acme
