// The PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt): what a balancer in front of us
// says about the client before the client's own bytes. Pure.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string_view>

#include <boost/asio/ip/address.hpp>

namespace cardea::net {

struct ProxyHeader {
  std::size_t bytes = 0;                           // what the header takes
  std::optional<boost::asio::ip::address> source;  // none: the balancer speaks for itself (a health check)
};

// nullopt: more bytes are needed, never more than kProxyHeaderBytesMax in all. Error: a sentence; the
// connection is worth nothing, as it is not known whose it is.
[[nodiscard]] std::expected<std::optional<ProxyHeader>, std::string_view> parse_proxy_header(
    std::string_view bytes);

}  // namespace cardea::net
