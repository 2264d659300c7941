#include "store/redis_options.h"

#include <optional>

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/strings.h"
#include "base/url.h"

namespace cardea::store {
namespace {

// Redis itself allows any number of databases; its configuration file stays far below this.
constexpr std::uint64_t kDatabaseMax = 1'000'000;

std::unexpected<base::Error> bad_url(std::string_view why) {
  return base::fail(
      base::ErrorCode::invalid,
      fmt::format("the Redis URL is not usable: {}; it looks like redis://user:password@host:6379/0, "
                  "rediss://… or unix:///path?db=0",
                  why));
}

base::Status read_userinfo(std::string_view userinfo, RedisOptions& options) {
  if (userinfo.empty()) return {};
  const std::size_t colon = userinfo.find(':');
  if (colon == std::string_view::npos) return bad_url("it has a user but no password");
  auto username = base::percent_decode(userinfo.substr(0, colon));
  auto password = base::percent_decode(userinfo.substr(colon + 1));
  if (!username || !password) return bad_url("a % in user or password is not followed by two hex digits");
  if (!username->empty() && password->empty()) return bad_url("it has a user but no password");
  options.username = std::move(*username);
  options.password = std::move(*password);
  return {};
}

base::Status read_database(std::string_view digits, RedisOptions& options) {
  const auto number = base::parse_uint(digits, kDatabaseMax);
  if (!number) return bad_url(fmt::format("\"{}\" is not a database number", base::printable(digits, 40)));
  options.database = static_cast<std::uint32_t>(*number);
  return {};
}

base::Result<RedisOptions> from_unix(std::string_view rest) {
  RedisOptions options;
  // An '@' behind the first '/' belongs to the path.
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return bad_url("unix:// wants an absolute path");
  if (slash > 0) {
    if (rest[slash - 1] != '@') return bad_url("unix:// wants an absolute path");
    if (auto read = read_userinfo(rest.substr(0, slash - 1), options); !read)
      return std::unexpected(read.error());
  }
  std::string_view path = rest.substr(slash);
  const std::size_t question = path.find('?');
  if (question != std::string_view::npos) {
    const std::string_view query = path.substr(question + 1);
    if (!query.starts_with("db=")) return bad_url("the only parameter of unix:// is ?db=N");
    if (auto read = read_database(query.substr(3), options); !read) return std::unexpected(read.error());
    path = path.substr(0, question);
  }
  // sockaddr_un holds 107 bytes and a zero on Linux.
  if (path.size() < 2 || path.size() > 107)
    return bad_url("the path of the socket is empty or over 107 bytes");
  options.endpoint.path = path;
  return options;
}

base::Result<RedisOptions> from_tcp(const base::Url& url, RedisTransport transport) {
  RedisOptions options;
  options.transport = transport;
  options.endpoint.host = url.host;
  options.endpoint.port = url.port;
  if (auto read = read_userinfo(url.userinfo, options); !read) return std::unexpected(read.error());
  if (url.path.empty() || url.path == "/") return options;
  if (auto read = read_database(std::string_view(url.path).substr(1), options); !read) {
    return std::unexpected(read.error());
  }
  return options;
}

}  // namespace

std::string RedisOptions::to_string() const {
  if (!endpoint.path.empty()) return endpoint.to_string();
  return (transport == RedisTransport::tls ? "rediss://" : "redis://") + endpoint.to_string();
}

base::Result<RedisOptions> parse_redis_url(std::string_view text) {
  if (text.starts_with("unix://")) return from_unix(text.substr(7));
  const auto url = base::parse_url(text);
  // Its sentence would quote the whole text, password included.
  if (!url) return bad_url("it is not scheme://host:port");
  if (url->scheme == "redis") return from_tcp(*url, RedisTransport::plain);
  if (url->scheme == "rediss") return from_tcp(*url, RedisTransport::tls);
  return bad_url("its scheme is not redis, rediss or unix");
}

}  // namespace cardea::store
