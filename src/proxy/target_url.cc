#include "proxy/target_url.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "base/limits.h"
#include "base/strings.h"
#include "base/url.h"
#include "http/field_rules.h"
#include "net/socket_address.h"

namespace cardea::proxy {
namespace {

std::unexpected<base::Error> refuse(std::string_view why) {
  return base::fail(base::ErrorCode::invalid, fmt::format("target_url: {}", why));
}

// An upgrade is asked for by the request, not by the URL.
std::optional<Transport> transport_of(std::string_view scheme) {
  if (scheme == "http" || scheme == "ws" || scheme == "h2c" || scheme == "unix") return Transport::plain;
  if (scheme == "https" || scheme == "wss") return Transport::tls;
  return std::nullopt;
}

// `path` is the socket's, and after a colon what is put in front of requests' paths, as nginx has it.
base::Result<TargetUrl> parse_unix(std::string_view path) {
  const std::size_t colon = std::min(path.find(':'), path.size());
  TargetUrl target;
  target.endpoint.path = path.substr(0, colon);
  target.authority = "localhost";
  const std::string& socket = target.endpoint.path;
  if (!net::SocketAddress::from_path(socket)) return refuse("a Unix socket's path has at most 107 bytes");
  if (socket.ends_with('/')) return refuse("the path of a Unix socket ends in a file name, not in \"/\"");
  for (const std::string_view part : base::split(socket, '/')) {
    if (part == "..") return refuse("the path of a Unix socket must not go up (\"..\")");
  }
  if (colon == path.size()) return target;
  target.path_prefix = path.substr(colon + 1);
  if (target.path_prefix.starts_with('/')) return target;
  return refuse("after a Unix socket and a colon comes a path, as in unix:///run/app.sock:/path");
}

// What a client must percent-encode in its target, we must not add.
bool is_sendable(std::string_view path) {
  return std::ranges::all_of(path, [](char c) { return http::has_class(c, http::kTargetByte); });
}

}  // namespace

base::Result<TargetUrl> parse_target_url(std::string_view text) {
  if (text.size() > base::kTargetUrlBytesMax) {
    return refuse(fmt::format("it has {} bytes, {} is the most", text.size(), base::kTargetUrlBytesMax));
  }
  auto url = base::parse_url(text);
  if (!url) return base::wrap(url.error(), "target_url");
  const auto transport = transport_of(url->scheme);
  if (!transport) {
    return refuse(
        fmt::format("\"{}://\" cannot be proxied to; give an http://, https://, h2c:// or unix:// URL",
                    base::printable(url->scheme, 20)));
  }
  if (!url->userinfo.empty()) return refuse("user and password in a URL are not used; leave them out");
  if (url->path.find('?') != std::string::npos) return refuse("a query would be lost; leave it out");
  const Protocol protocol = url->scheme == "h2c" ? Protocol::http2 : Protocol::http1;
  auto target =
      url->scheme == "unix"
          ? parse_unix(url->path)
          : TargetUrl{{url->host, url->port, {}}, *transport, protocol, url->authority(), url->path};
  if (!target) return target;
  if (!is_sendable(target->path_prefix))
    return refuse("the path has a character that must be percent-encoded");
  while (target->path_prefix.ends_with('/')) target->path_prefix.pop_back();
  return target;
}

}  // namespace cardea::proxy
