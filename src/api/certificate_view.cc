#include "api/certificate_view.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/core.h>

#include "acme/revoker.h"
#include "acme/schedule.h"

namespace cardea::api {
namespace {

namespace json = boost::json;

json::value time_or_null(const std::optional<base::Time>& time) {
  if (!time) return nullptr;
  return json::string(base::to_rfc3339(*time));
}

json::value text_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  return json::string(text);
}

// A problem document as it is stored; one that cannot be read any more is shown as text.
json::value problem_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  json::error_code error;
  json::value document = json::parse(text, error);
  if (error) return json::string(text);
  return document;
}

json::value renewal_or_null(const store::RenewalAdvice& renewal) {
  if (renewal.certificate_id.empty()) return nullptr;
  return {{"certificate_id", renewal.certificate_id},
          {"window_start", time_or_null(renewal.window_start)},
          {"window_end", time_or_null(renewal.window_end)},
          {"chosen_at", time_or_null(renewal.chosen_at)},
          {"explanation_url", text_or_null(renewal.explanation_url)},
          {"next_poll_at", time_or_null(renewal.next_poll_at)}};
}

json::array revocations_of(const store::CertificateRecord& record) {
  json::array list;
  for (const store::Revocation& revocation : record.revocations) {
    list.push_back({{"reason", acme::revocation_reason_name(revocation.reason)},
                    {"not_before", time_or_null(revocation.not_before)},
                    {"attempts", revocation.attempts},
                    {"last_error", text_or_null(revocation.last_error)}});
  }
  return list;
}

json::array history_of(const store::CertificateRecord& record) {
  json::array list;
  for (const store::HistoryEntry& entry : record.history) {
    json::object item{{"at", base::to_rfc3339(entry.at)}, {"step", entry.step}, {"message", entry.message}};
    if (entry.status != 0) item["status"] = entry.status;
    list.push_back(std::move(item));
  }
  return list;
}

json::object status(std::string_view word, std::string message, std::string_view step) {
  return {{"status", word}, {"message", std::move(message)}, {"step", step}};
}

}  // namespace

std::string joined_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

json::object certificate_view(const store::CertificateRecord& record, WithHistory history,
                              WithPrivateKey key) {
  json::object view;
  view["cert_name"] = record.cert_name;
  view["domains"] = json::array(record.domains.begin(), record.domains.end());
  view["email"] = record.email;
  view["acme_directory_url"] = record.directory_urls.empty() ? "" : record.directory_urls.front();
  view["acme_directory_urls"] = json::array(record.directory_urls.begin(), record.directory_urls.end());
  view["status"] = store::to_string(record.status);
  view["expires_at"] = time_or_null(record.expires_at);
  view["issued_at"] = time_or_null(record.issued_at);
  view["fingerprint"] = record.fingerprint;
  view["fullchain_pem"] = record.fullchain_pem;
  if (key == WithPrivateKey::yes) view["private_key_pem"] = record.private_key_pem;
  view["created_by"] = record.created_by;
  view["key_type"] = record.key_type;
  view["challenge_type"] = record.challenge_type;
  view["profile"] = text_or_null(record.profile);
  view["profile_required"] = record.profile_required;
  view["preferred_chain"] = text_or_null(record.preferred_chain);
  view["issuer_directory_url"] = text_or_null(record.issuer_directory_url);
  view["attempts"] = record.attempts;
  view["last_error"] = problem_or_null(record.last_error);
  view["last_error_message"] = text_or_null(record.last_error_message);
  view["postponed_because"] = text_or_null(record.postponed_because);
  view["next_attempt_at"] = time_or_null(record.next_attempt_at);
  view["next_action"] = acme::next_work_name(record);
  view["renewal"] = renewal_or_null(record.renewal);
  view["revocations"] = revocations_of(record);
  view["generation"] = record.generation;
  if (history == WithHistory::yes) view["history"] = history_of(record);
  return view;
}

json::object status_view(const store::CertificateRecord& record,
                         const std::optional<store::Progress>& progress, base::Time now) {
  if (progress) return status("in_progress", progress->message, progress->step);
  const bool due = record.next_attempt_at && *record.next_attempt_at <= now;
  if (due) return status("in_progress", "Certificate generation in progress", "account");
  if (!record.postponed_because.empty()) {
    return status(
        "in_progress",
        fmt::format("Waiting until {}: {}", base::to_rfc3339(record.next_attempt_at.value_or(base::Time{})),
                    record.postponed_because),
        "waiting");
  }
  if (!record.last_error_message.empty() || !record.last_error.empty()) {
    json::object failed = status("failed", record.last_error_message, "failed");
    failed["next_attempt_at"] = time_or_null(record.next_attempt_at);
    return failed;
  }
  if (record.status == store::CertificateStatus::revoked) {
    return status("failed", "The certificate was revoked; renew it to order a new one", "revoked");
  }
  if (record.status == store::CertificateStatus::active) {
    return status("completed", "Certificate for " + joined_names(record.domains) + " is stored", "stored");
  }
  return status("in_progress", "Certificate generation in progress", "account");
}

}  // namespace cardea::api
