#include "acme/problem.h"

#include <fmt/core.h>

#include "acme/json_fields.h"
#include "base/limits.h"
#include "base/strings.h"

namespace cardea::acme {
namespace {

namespace json = boost::json;

constexpr std::string_view kPrefix = "urn:ietf:params:acme:error:";
constexpr std::size_t kTypeBytesMax = 200;
constexpr std::size_t kIdentifierBytesMax = 260;

std::string short_type(const json::object& document) {
  std::string type = find_text(document, "type");
  if (type.starts_with(kPrefix)) type.erase(0, kPrefix.size());
  if (type == "about:blank") type.clear();  // RFC 7807 §4.2: the status says it all
  return bounded_text(type, kTypeBytesMax);
}

Subproblem read_subproblem(const json::object& document) {
  Subproblem sub;
  sub.type = short_type(document);
  sub.detail = bounded_text(find_text(document, "detail"), base::kProblemTextBytesMax);
  if (const json::object* identifier = find_object(document, "identifier")) {
    sub.identifier = bounded_text(find_text(*identifier, "value"), kIdentifierBytesMax);
  }
  return sub;
}

int read_status(const json::object& document) {
  const json::value* value = document.if_contains("status");
  if (value == nullptr || !value->is_int64()) return 0;
  const std::int64_t status = value->get_int64();
  return status >= 100 && status <= 599 ? static_cast<int>(status) : 0;
}

}  // namespace

Problem parse_problem(const json::object& document) {
  Problem problem;
  problem.type = short_type(document);
  problem.detail = bounded_text(find_text(document, "detail"), base::kProblemTextBytesMax);
  if (problem.detail.empty()) {
    problem.detail = bounded_text(find_text(document, "title"), base::kProblemTextBytesMax);
  }
  problem.status = read_status(document);
  problem.instance = bounded_text(find_text(document, "instance"), base::kAcmeUrlBytesMax);
  if (const json::array* list = find_array(document, "subproblems")) {
    for (const json::value& item : *list) {
      if (problem.subproblems.size() == base::kDomainsPerCertificateMax) break;
      if (const json::object* sub = item.if_object()) problem.subproblems.push_back(read_subproblem(*sub));
    }
  }
  const std::string text = json::serialize(document);
  problem.raw = bounded_text(text, base::kProblemRawBytesMax);
  return problem;
}

Problem parse_problem(int http_status, std::string_view content_type, std::string_view body) {
  const std::string media_type = base::to_lower(
      base::trim(content_type.substr(0, std::min(content_type.find(';'), content_type.size()))));
  Problem problem;
  const bool may_be_json = media_type.empty() || media_type.ends_with("json");
  const auto document = may_be_json ? parse_json_object(body, "the problem document")
                                    : base::fail(base::ErrorCode::protocol, "");
  if (document) problem = parse_problem(*document);
  if (problem.status == 0) problem.status = http_status;
  problem.raw = bounded_text(body, base::kProblemRawBytesMax);
  if (problem.type.empty() && problem.detail.empty()) {
    const std::string kind =
        body.empty() ? "an empty body"
                     : (media_type.empty() ? "a body without type" : bounded_text(media_type, 80));
    problem.detail = fmt::format("the answer has HTTP status {} and {} instead of an ACME problem document",
                                 http_status, kind);
  }
  return problem;
}

std::string Problem::to_text() const {
  std::string text = detail.empty() ? "the CA gave no reason" : detail;
  while (text.ends_with('.') || text.ends_with(' ')) text.pop_back();
  if (!type.empty() && status != 0) {
    text += fmt::format(" ({}, HTTP {})", type, status);
  } else if (!type.empty()) {
    text += fmt::format(" ({})", type);
  } else if (status != 0 && text.find("HTTP status") == std::string::npos) {
    text += fmt::format(" (HTTP {})", status);
  }
  for (const Subproblem& sub : subproblems) {
    text += fmt::format("; {}: {}", sub.identifier.empty() ? sub.type : sub.identifier,
                        sub.detail.empty() ? sub.type : sub.detail);
  }
  if (!instance.empty()) text += "; see " + instance;
  return bounded_text(text, base::kProblemTextBytesMax * 4);
}

bool is_bad_nonce(const Problem& problem) {
  return problem.is("badNonce");
}

bool is_rate_limited(const Problem& problem) {
  return problem.is("rateLimited") || problem.status == 429;
}

bool is_order_not_ready(const Problem& problem) {
  return problem.is("orderNotReady");
}

bool is_account_missing(const Problem& problem) {
  return problem.is("accountDoesNotExist");
}

// A closed account and a name that is not proven have the same type, and only the words tell them apart:
// "Account has been deactivated" (Pebble), "Unable to validate JWS :: Account is not valid, has status
// "deactivated"" (Let's Encrypt). What a site answered may be quoted further back, so the beginning counts.
bool is_account_closed(const Problem& problem) {
  if (problem.is("accountDeactivated")) return true;
  if (!problem.is("unauthorized")) return false;
  const std::string detail = base::to_lower(problem.detail);
  const auto begins = [&](std::string_view start) { return detail.starts_with(start); };
  const bool about_account = begins("account ") || begins("an account ") || begins("the account ") ||
                             begins("unable to validate jws");
  return about_account && (detail.contains("deactivated") || detail.contains("revoked"));
}

bool is_user_action_required(const Problem& problem) {
  return problem.is("userActionRequired");
}

bool is_server_trouble(const Problem& problem) {
  return problem.is("serverInternal") || (problem.type.empty() && problem.status >= 500) ||
         problem.status == 503;
}

base::Error to_error(const Problem& problem, std::string_view doing) {
  const bool retryable = is_bad_nonce(problem) || is_rate_limited(problem) || is_server_trouble(problem);
  return {base::ErrorCode::rejected, base::ErrorSource::ca, retryable,
          fmt::format("{}: the CA answered: {}", doing, problem.to_text())};
}

}  // namespace cardea::acme
