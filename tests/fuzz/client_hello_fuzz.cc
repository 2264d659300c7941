// parse_client_hello(): segments do not matter, results are canonical, and the same message cut into other
// records means the same.
#include <string>

#include "base/hostname.h"
#include "base/limits.h"
#include "fuzz_checks.h"
#include "tls/client_hello.h"

using namespace cardea;
using Parsed = std::expected<std::optional<tls::ClientHello>, tls::ClientHelloError>;

namespace {

bool same(const tls::ClientHello& a, const tls::ClientHello& b) {
  return a.server_name_kind == b.server_name_kind && a.server_name == b.server_name &&
         a.alpn_protocols == b.alpn_protocols;
}

void check_hello(const tls::ClientHello& hello) {
  const bool valid = hello.server_name_kind == tls::ServerName::valid;
  CARDEA_CHECK(valid != hello.server_name.empty(), "a valid name, or none");
  CARDEA_CHECK(!valid || base::parse_hostname(hello.server_name) == hello.server_name, "names are canonical");
  CARDEA_CHECK(hello.alpn_protocols.size() <= base::kAlpnProtocolsMax, "the list is bounded");
  for (const std::string& protocol : hello.alpn_protocols)
    CARDEA_CHECK(!protocol.empty(), "no empty protocol");
}

void check_incremental(std::string_view bytes, const Parsed& whole) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Parsed parsed = tls::parse_client_hello(bytes.substr(0, size));
    if (parsed && !*parsed) continue;
    CARDEA_CHECK(parsed.has_value() == whole.has_value(), "the segments must not matter");
    CARDEA_CHECK(!parsed || (whole->has_value() && same(**parsed, **whole)), "the same hello");
    return;
  }
}

// The handshake message of a well-formed record stream, cut into records of 1 to 7 bytes.
void check_other_records(std::string_view bytes, const tls::ClientHello& hello) {
  const auto byte = [&](std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at]));
  };
  std::string message;
  for (std::size_t at = 0; at + 5 <= bytes.size();) {
    const std::size_t length = byte(at + 3) << 8U | byte(at + 4);
    message.append(bytes.substr(at + 5, length));
    at += 5 + length;
    if (message.size() < 4) continue;
    const auto high = static_cast<std::size_t>(static_cast<unsigned char>(message[2]));
    const auto low = static_cast<std::size_t>(static_cast<unsigned char>(message[3]));
    if (message.size() >= 4 + (high << 8U | low)) break;
  }
  std::string other;
  for (std::size_t at = 0, length = 1; at < message.size(); at += length, length = length % 7 + 1) {
    const std::string_view part = std::string_view(message).substr(at, length);
    other.append("\x16\x03\x01", 3).append(1, '\0').append(1, static_cast<char>(part.size())).append(part);
  }
  if (other.size() > base::kClientHelloBytesMax) return;
  const Parsed again = tls::parse_client_hello(other);
  CARDEA_CHECK(again && *again && same(**again, hello), "the records must not matter");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::as_view(data, size);
  const Parsed whole = tls::parse_client_hello(bytes);
  if (size <= 2048) check_incremental(bytes, whole);
  if (!whole || !*whole) return 0;
  check_hello(**whole);
  check_other_records(bytes, **whole);
  return 0;
}
