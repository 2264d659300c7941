// Hosts and URLs: what is accepted is canonical, means the same when it is written anew, and a Host field
// finds the host that it names and no other.
#include <string>

#include "base/hostname.h"
#include "base/url.h"
#include "fuzz_checks.h"
#include "http/field_rules.h"
#include "http/host_key.h"
#include "net/address_class.h"
#include "net/endpoint.h"

using namespace cardea;

namespace {

void check_url(std::string_view text) {
  const auto url = base::parse_url(text);
  if (!url) return;
  if (url->scheme == "unix") {
    CARDEA_CHECK(url->host.empty() && url->path.starts_with('/'), "a socket has a path and no host");
    return;
  }
  CARDEA_CHECK(!url->host.empty() && (url->path.empty() || url->path.starts_with('/')), "a host and a path");
  CARDEA_CHECK(http::is_authority(url->authority()), "the authority can stand in a Host field");
  const auto again = base::parse_url(url->scheme + "://" + url->authority() + url->path);
  CARDEA_CHECK(again && again->host == url->host && again->port == url->port && again->path == url->path,
               "written anew it is the same");
  // A spelling that some resolver takes for an address is judged as that address, or is no address at all.
  static_cast<void>(net::parse_spelled_address(url->host));
}

void check_hostname(std::string_view text) {
  const auto hostname = base::parse_hostname(text);
  if (!hostname) return;
  CARDEA_CHECK(base::parse_hostname(*hostname) == *hostname, "a canonical name is its own canonical form");
  const http::HostKey key(*hostname);
  CARDEA_CHECK(key.view() == *hostname, "a canonical name is found as it is");
  for (const std::string& authority : {*hostname + ":8080", *hostname + ".", *hostname + ".:1"}) {
    CARDEA_CHECK(http::HostKey(authority).view() == *hostname, "port and dot do not matter");
  }
}

void check_authority(std::string_view text) {
  if (!http::is_authority(text)) return;
  const http::HostKey key(text);
  for (const char byte : key.view()) {
    CARDEA_CHECK(byte > 0x20 && byte < 0x7f && byte != '/' && byte != '@' && byte != ',', "a clean name");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_view(data, size);
  check_url(text);
  check_hostname(text);
  check_authority(text);
  return 0;
}
