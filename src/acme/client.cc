#include "acme/client.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "crypto/jws.h"

namespace cardea::acme {
namespace {

Response to_response(http::ClientResponse answer) {
  Response response;
  response.status = answer.status;
  response.location = answer.field("location");
  response.retry_after = answer.field("retry-after");
  response.content_type = answer.field("content-type");
  const auto [first, last] = answer.fields.equal_range("link");
  for (auto link = first; link != last; ++link) response.links.push_back(link->second);
  response.body = std::move(answer.body);
  return response;
}

// A wrong clock makes certificates that are "not valid yet" or seem expired, and nobody thinks of it first.
void compare_clocks(std::string_view date, const std::string& directory_url) {
  const auto theirs = base::parse_http_date(date);
  if (!theirs) return;
  const std::chrono::seconds ahead = base::now() - *theirs;
  if (std::chrono::abs(ahead) <= base::kNotBeforeSkewMax) return;
  base::log_warn(
      "the clock of this machine is {} s {} that of {}: set it right, or certificates will seem to be "
      "valid too early or too late",
      std::chrono::abs(ahead).count(), ahead.count() > 0 ? "ahead of" : "behind", directory_url);
}

}  // namespace

net::Task<Attempted<Directory>> Client::directory() {
  if (directory_ && net::EventLoop::now() < directory_until_) co_return *directory_;
  auto answer = co_await http_.send({"GET", directory_url_, {}, {}});
  if (!answer) co_return failure(base::wrap(answer.error(), "reading the CA's directory").error());
  if (answer->status != 200) {
    co_return failure(to_response(std::move(*answer)), "reading the CA's directory " + directory_url_,
                      base::now());
  }
  auto directory = parse_directory(answer->body);
  if (!directory) co_return failure(base::wrap(directory.error(), directory_url_).error());
  compare_clocks(answer->field("date"), directory_url_);
  directory_ = std::move(*directory);
  directory_until_ = net::EventLoop::now() + base::kDirectoryLifetime;
  co_return *directory_;
}

net::Task<base::Result<std::variant<std::string, Response>>> Client::take_nonce() {
  if (auto nonce = nonces_.take()) co_return std::move(*nonce);
  auto known = co_await directory();
  if (!known) co_return std::unexpected(known.error().error);
  // A cache between us and the CA may answer with a nonce that was used: ask again, but not for ever.
  for (int attempt = 0; attempt < base::kNonceRequestsMax; ++attempt) {
    auto answer = co_await http_.send({"HEAD", known->new_nonce, {"Cache-Control: no-cache"}, {}});
    if (!answer) co_return base::wrap(answer.error(), "asking for a nonce");
    if (answer->status >= 400) co_return to_response(std::move(*answer));
    static_cast<void>(nonces_.put(answer->field("replay-nonce")));
    if (auto nonce = nonces_.take()) co_return std::move(*nonce);
  }
  co_return base::fail(base::ErrorCode::protocol, known->new_nonce + " gives no usable nonce",
                       base::ErrorSource::ca);
}

net::Task<base::Result<Response>> Client::post_once(const Signer& signer, const std::string& url,
                                                    const std::string& payload) {
  auto nonce = co_await take_nonce();
  if (!nonce) co_return std::unexpected(nonce.error());
  if (auto* refusal = std::get_if<Response>(&*nonce)) co_return std::move(*refusal);
  auto body = crypto::sign_jws(signer.key,
                               {url, std::get<std::string>(std::move(*nonce)), signer.account_url}, payload);
  if (!body) co_return std::unexpected(body.error());
  auto answer = co_await http_.send({"POST", url, {"Content-Type: application/jose+json"}, std::move(*body)});
  if (!answer) co_return std::unexpected(answer.error());
  static_cast<void>(nonces_.put(answer->field("replay-nonce")));
  co_return to_response(std::move(*answer));
}

net::Task<base::Result<Response>> Client::post(const Signer& signer, std::string url, std::string payload) {
  for (int attempt = 0;; ++attempt) {
    auto response = co_await post_once(signer, url, payload);
    if (!response || is_success(*response)) co_return response;
    if (attempt == base::kBadNonceRetriesMax || !is_bad_nonce(problem_of(*response))) co_return response;
  }
}

net::Task<base::Result<Response>> Client::get(std::string url) {
  auto answer = co_await http_.send({"GET", std::move(url), {}, {}});
  if (!answer) co_return std::unexpected(answer.error());
  co_return to_response(std::move(*answer));
}

}  // namespace cardea::acme
