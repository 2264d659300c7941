#include "api/api.h"

#include "acme/messages.h"
#include "api/routes.h"
#include "base/hostname.h"
#include "base/strings.h"

namespace cardea::api {
namespace {

struct Matched {
  const Route* route = nullptr;
  std::vector<std::string> names;  // the path's variable segments
  std::string allowed;             // methods that the path has, for 405
};

Matched match(const Request& request) {
  Matched matched;
  for (const Route& route : routes()) {
    auto names = match_path(route.pattern, request.path);
    if (!names) continue;
    if (route.method == request.method) {
      matched.route = &route;
      matched.names = std::move(*names);
      return matched;
    }
    matched.allowed.append(matched.allowed.empty() ? "" : ", ").append(route.method);
  }
  return matched;
}

Response no_route(const Request& request, const Matched& matched) {
  const std::string path = base::printable(request.path, 80);
  if (matched.allowed.empty()) return problem_response(404, "There is no \"" + path + "\" in this API.");
  Response response = problem_response(405, base::printable(request.method, 80) + " is not possible on \"" +
                                                path + "\"; allowed: " + matched.allowed + ".");
  response.fields.emplace_back("Allow", matched.allowed);
  return response;
}

}  // namespace

net::Task<base::Result<std::optional<std::string>>> Api::find_challenge(std::string token) {
  // What cannot be a token is never looked up: the path is open to everybody.
  if (!acme::is_valid_token(token)) co_return std::nullopt;
  co_return co_await services_.store.challenges.find(token);
}

net::Task<base::Result<std::optional<std::string>>> Api::find_tls_alpn_challenge(std::string domain) {
  // What cannot be a name is never looked up: any client can ask.
  auto name = base::parse_hostname(domain);
  if (!name) co_return std::nullopt;
  co_return co_await services_.store.challenges.find_tls_alpn(std::move(*name));
}

net::Task<Response> Api::handle(Request request) {
  const Matched matched = match(request);
  if (matched.route == nullptr) co_return no_route(request, matched);
  if (matched.route->operation == Operation::get_health) co_return health_.get();
  auto caller = co_await services_.authenticator.authenticate(request.authorization);
  if (!caller) co_return error_response(caller.error());
  if (matched.route->access == Access::token && !*caller) {
    co_return error_response(
        {base::ErrorCode::unauthorized, base::ErrorSource::client, false,
         "This needs a token: send \"Authorization: Bearer acm_…\" (made by \"./scripts/justw "
         "token-generate NAME EMAIL\")."});
  }
  const std::string name = matched.names.empty() ? std::string() : matched.names.front();
  switch (matched.route->operation) {
    case Operation::list_certificates: co_return co_await certificates_.list(std::move(*caller));
    case Operation::create_certificate:
      co_return co_await certificates_.create(std::move(**caller), request.body);
    case Operation::get_certificate:
      co_return co_await certificates_.get(
          std::move(*caller), name,
          query_flag(request.query, "private_key") ? WithPrivateKey::yes : WithPrivateKey::no);
    case Operation::get_certificate_status: co_return co_await certificates_.status(name);
    case Operation::renew_certificate:
      co_return co_await certificates_.renew(std::move(**caller), name, request.body, request.query);
    case Operation::revoke_certificate:
      co_return co_await certificates_.revoke(std::move(**caller), name, request.body);
    case Operation::delete_certificate:
      co_return co_await certificates_.erase(
          std::move(**caller), name, query_flag(request.query, "force") ? Waiting::forget : Waiting::respect);
    case Operation::delete_certificate_domain:
      co_return co_await certificates_.erase_domain(std::move(**caller), name, matched.names.back());
    case Operation::list_targets: co_return co_await targets_.list(std::move(*caller));
    case Operation::create_target: co_return co_await targets_.create(std::move(**caller), request.body);
    case Operation::get_target: co_return co_await targets_.get(name);
    case Operation::update_target:
      co_return co_await targets_.update(std::move(**caller), name, request.body);
    case Operation::delete_target:
      co_return co_await targets_.erase(
          std::move(**caller), name,
          query_flag(request.query, "delete_certificate") ? WithCertificate::erase : WithCertificate::keep);
    case Operation::get_health: break;  // answered above: it needs no store
  }
  co_return problem_response(500, "This operation has no implementation.");
}

}  // namespace cardea::api
