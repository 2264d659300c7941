#include "proxy/target_url.h"

#include <fmt/core.h>

#include "base/url.h"

namespace cardea::proxy {
namespace {

std::unexpected<base::Error> refuse(std::string_view why) {
  return base::fail(base::ErrorCode::invalid, fmt::format("target_url: {}", why));
}

}  // namespace

base::Result<TargetUrl> parse_target_url(std::string_view text) {
  auto url = base::parse_url(text);
  if (!url) return base::wrap(url.error(), "target_url");
  if (url->scheme != "http") {
    return refuse(fmt::format("\"{}://\" cannot be proxied to; give an http:// URL", url->scheme));
  }
  if (!url->userinfo.empty()) return refuse("user and password in a URL are not used; leave them out");
  if (url->path.find('?') != std::string::npos) return refuse("a query would be lost; leave it out");
  TargetUrl target{{url->host, url->port, {}}, url->authority(), std::move(url->path)};
  while (target.path_prefix.ends_with('/')) target.path_prefix.pop_back();
  return target;
}

}  // namespace cardea::proxy
