#include "net/proxy_protocol.h"

#include <string>

#include <gtest/gtest.h>

#include "base/limits.h"

namespace cardea::net {
namespace {

using namespace std::string_literals;

const std::string kBegin("\r\n\r\n\0\r\nQUIT\n", 12);

std::string binary(char version_and_command, char family, const std::string& rest) {
  return kBegin + version_and_command + family + static_cast<char>(rest.size() / 256) +
         static_cast<char>(rest.size() % 256) + rest;
}

// The source's address, "none", "more", or the error.
std::string parse(std::string_view bytes) {
  const auto header = parse_proxy_header(bytes);
  if (!header) return std::string(header.error());
  if (!*header) return "more";
  EXPECT_LE((*header)->bytes, bytes.size());
  return (*header)->source ? (*header)->source->to_string() : "none";
}

TEST(ProxyProtocol, ReadsVersion1) {
  const std::pair<const char*, const char*> table[] = {
      {"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\nGET", "192.0.2.7"},
      {"PROXY TCP6 2001:db8::7 2001:db8::1 1 65535\r\n", "2001:db8::7"},
      {"PROXY UNKNOWN\r\n", "none"},
      {"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", "none"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443", "more"},
      {"PROX", "more"},
      {"P", "more"},
      {"", "more"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\n", "a PROXY line that ends without CR LF"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n", "a malformed PROXY line"},
      {"PROXY TCP4  192.0.2.7 198.51.100.1 56324 443\r\n", "a malformed PROXY line"},
      {"PROXY UDP4 192.0.2.7 198.51.100.1 56324 443\r\n", "a malformed PROXY line"},
      {"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n", "a malformed address in a PROXY line"},
      {"PROXY TCP6 fe80::1%eth0 2001:db8::1 1 2\r\n", "a malformed address in a PROXY line"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n", "a malformed port in a PROXY line"},
      {"PROXYTCP4", "no PROXY header"},
      {"PUT / HTTP/1.1\r\n", "no PROXY header"},
      {"GET / HTTP/1.1\r\n", "no PROXY header"},
      {"\x16\x03\x01", "no PROXY header"},
  };
  for (const auto& [bytes, expected] : table) EXPECT_EQ(parse(bytes), expected) << bytes;
  EXPECT_EQ(parse("PROXY UNKNOWN " + std::string(93, 'x')), "a PROXY line without an end");
}

TEST(ProxyProtocol, ReadsVersion2) {
  const std::string v4 = "\xc0\x00\x02\x07\xc6\x33\x64\x01\xdc\x04\x01\xbb"s;
  const std::string v6 = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x07"s + std::string(20, '\1');
  const std::string mapped = std::string(10, '\0') + "\xff\xff\xc0\x00\x02\x07"s + std::string(20, '\1');
  EXPECT_EQ(parse(binary('\x21', '\x11', v4)), "192.0.2.7");
  EXPECT_EQ(parse(binary('\x21', '\x11', v4 + "\x03\x00\x01x"s) + "GET"), "192.0.2.7")
      << "extensions are skipped";
  EXPECT_EQ(parse(binary('\x21', '\x21', v6)), "2001:db8::7");
  EXPECT_EQ(parse(binary('\x21', '\x21', mapped)), "192.0.2.7");
  EXPECT_EQ(parse(binary('\x20', '\x00', "")), "none") << "LOCAL";
  EXPECT_EQ(parse(binary('\x20', '\x11', v4)), "none") << "LOCAL, whatever follows";
  EXPECT_EQ(parse(binary('\x21', '\x31', std::string(216, 'x'))), "none") << "a Unix socket";
  EXPECT_EQ(parse(binary('\x21', '\x00', "")), "none");
  EXPECT_EQ(parse(binary('\x21', '\x11', v4.substr(1))), "a PROXY header without its addresses");
  EXPECT_EQ(parse(binary('\x11', '\x11', v4)), "a PROXY header of an unknown version or command");
  EXPECT_EQ(parse(binary('\x22', '\x11', v4)), "a PROXY header of an unknown version or command");
  EXPECT_EQ(parse(binary('\x21', '\x11', std::string(base::kProxyHeaderBytesMax, 'x'))),
            "a PROXY header that is too large");
}

TEST(ProxyProtocol, NeedsAllOfIt) {
  const std::string whole = binary('\x21', '\x11', "\xc0\x00\x02\x07\xc6\x33\x64\x01\xdc\x04\x01\xbb"s);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(parse(whole.substr(0, size)), "more") << size;
  EXPECT_EQ(parse_proxy_header(whole + "rest").value()->bytes, whole.size());
}

}  // namespace
}  // namespace cardea::net
