#include "cli/certificate_commands.h"

#include <utility>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "api/names.h"
#include "auth/token.h"
#include "base/limits.h"
#include "cli/admin_client.h"
#include "cli/command_line.h"
#include "cli/run_task.h"
#include "cli/store_command.h"

namespace cardea::cli {
namespace {

namespace json = boost::json;

// The token itself; one that is given by its name is looked up. "" after a sentence on standard error.
std::string find_token(const StoreAccess& access, const std::string& token) {
  if (auth::is_token_shaped(token)) return token;
  std::string found;
  with_store(access, [&](store::Repositories& store) -> net::Task<int> {
    auto record = co_await store.tokens.find_by_name(token);
    if (!record) co_return fail(record.error());
    if (*record) found = (*record)->token;
    if (!*record) {
      co_return fail(
          {base::ErrorCode::not_found, base::ErrorSource::self, false,
           fmt::format("there is no token named \"{}\"; \"./scripts/justw token-list\" shows all", token)});
    }
    co_return 0;
  });
  return found;
}

json::object parse_object(const std::string& text) {
  json::error_code error;
  json::value document = json::parse(text, error);
  return !error && document.is_object() ? std::move(document.get_object()) : json::object{};
}

std::string text_of(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// Looks at the certificate until its revocations are done, and says what changes.
net::Task<int> follow(net::EventLoop& loop, AdminAddress admin, std::string path, std::string cert_name) {
  const auto deadline = net::EventLoop::now() + base::kRevocationWatch;
  std::string said;
  while (net::EventLoop::now() < deadline) {
    AdminRequest look{"GET", path, {}, {}};
    auto answer = co_await call_admin(loop, admin, std::move(look));
    if (!answer) co_return fail(answer.error());
    const json::object certificate = parse_object(answer->body);
    const json::value* revocations = certificate.if_contains("revocations");
    if (answer->status != 200 || revocations == nullptr || !revocations->is_array()) {
      co_return fail({base::ErrorCode::rejected, base::ErrorSource::self, false, reason_of(*answer)});
    }
    if (revocations->get_array().empty()) {
      const bool ended = text_of(certificate, "status") == "revoked";
      fmt::print("{}\n", ended ? fmt::format("certificate {} is revoked and not served any more", cert_name)
                               : fmt::format("the old certificate {} is revoked; its replacement is served",
                                             cert_name));
      co_return 0;
    }
    const json::object& first = revocations->get_array().front().as_object();
    if (std::string why = text_of(first, "last_error"); !why.empty()) {
      co_return fail({base::ErrorCode::rejected, base::ErrorSource::ca, false,
                      fmt::format("the CA did not revoke it: {}. The server tries again at {}", why,
                                  text_of(first, "not_before"))});
    }
    // The order of the replacement, where there is to be one.
    const auto* not_before = first.if_contains("not_before");
    std::string message = "The CA is asked to revoke the old certificate";
    if (not_before != nullptr && not_before->is_null()) {
      AdminRequest ask{"GET", path + "/status", {}, {}};
      auto status = co_await call_admin(loop, admin, std::move(ask));
      message = status ? text_of(parse_object(status->body), "message") : said;
    }
    if (message != said) fmt::print(stderr, "{}\n", said = message);
    co_await loop.sleep(base::kRevocationWatchPoll);
  }
  co_return fail(
      {base::ErrorCode::timeout, base::ErrorSource::self, false,
       fmt::format("it is not done after {} s; the server goes on with it. GET {} shows how far it is",
                   base::kRevocationWatch.count(), path)});
}

net::Task<int> revoke(net::EventLoop& loop, AdminAddress admin, std::string token,
                      RevokeArguments arguments) {
  const std::string path = "/certificates/" + arguments.cert_name;
  json::object body;
  if (!arguments.reason.empty()) body["reason"] = arguments.reason;
  if (arguments.reissue) body["reissue"] = *arguments.reissue;
  AdminRequest request{"POST", path + "/revoke", std::move(token), json::serialize(body)};
  auto answer = co_await call_admin(loop, admin, std::move(request));
  if (!answer) co_return fail(answer.error());
  if (answer->status != 202) {
    co_return fail({base::ErrorCode::rejected, base::ErrorSource::self, false, reason_of(*answer)});
  }
  fmt::print(stderr, "the revocation of {} is under way\n", arguments.cert_name);
  co_return co_await follow(loop, std::move(admin), path, arguments.cert_name);
}

}  // namespace

int revoke_certificate(const StoreAccess& access, const AdminAddress& admin,
                       const RevokeArguments& arguments) {
  if (auto checked = api::check_cert_name(arguments.cert_name); !checked) return fail(checked.error());
  std::string token = find_token(access, arguments.token);
  if (token.empty()) return kExitFailed;
  net::EventLoop loop;
  net::TaskGroup tasks;
  return run_task(loop, tasks, revoke(loop, admin, std::move(token), arguments));
}

}  // namespace cardea::cli
