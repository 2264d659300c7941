#include "tls/client_hello.h"

#include "base/hostname.h"
#include "base/limits.h"

namespace cardea::tls {
namespace {

using Kind = ClientHelloError::Kind;

// RFC 8446 §4, §4.2, §5.1; RFC 6066 §3; RFC 7301 §3.1.
constexpr std::size_t kRecordHeaderBytes = 5;
constexpr std::size_t kMessageHeaderBytes = 4;
constexpr std::size_t kRecordBytesMax = 1U << 14U;
constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kSessionIdBytesMax = 32;
constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kMajorVersion = 3;
constexpr std::uint8_t kClientHelloMessage = 1;
constexpr std::size_t kServerNameExtension = 0;
constexpr std::size_t kAlpnExtension = 16;
constexpr std::size_t kHostNameType = 0;

std::unexpected<ClientHelloError> fail(Kind kind, std::string_view why) {
  return std::unexpected(ClientHelloError{kind, why});
}
std::unexpected<ClientHelloError> malformed(std::string_view why) {
  return fail(Kind::malformed, why);
}

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

// Reads big-endian numbers and length-prefixed vectors (RFC 8446 §3) from the front of a message that is
// whole.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::optional<std::size_t> number(std::size_t bytes) {
    const auto taken = take(bytes);
    if (!taken) return std::nullopt;
    std::size_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8U | byte_at(*taken, i);
    return value;
  }
  std::optional<std::string_view> take(std::size_t bytes) {
    if (rest_.size() < bytes) return std::nullopt;
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  std::optional<std::string_view> vector(std::size_t length_bytes) {
    const auto length = number(length_bytes);
    return length ? take(*length) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

// Checks every byte of a record header that is there. The body's length, or nullopt while it is not known.
std::expected<std::optional<std::size_t>, ClientHelloError> parse_record_header(std::string_view bytes) {
  if (!bytes.empty() && byte_at(bytes, 0) != kHandshakeRecord) {
    return fail(Kind::not_tls, "the first byte is not that of a TLS handshake");
  }
  if (bytes.size() > 1 && byte_at(bytes, 1) != kMajorVersion) {
    return fail(Kind::not_tls, "the record's version is not TLS");
  }
  if (bytes.size() > 3 && byte_at(bytes, 3) > kRecordBytesMax >> 8U) return malformed("a record is too long");
  if (bytes.size() < kRecordHeaderBytes) return std::nullopt;
  const std::size_t length = static_cast<std::size_t>(byte_at(bytes, 3)) << 8U | byte_at(bytes, 4);
  if (length > kRecordBytesMax) return malformed("a record is too long");
  if (length == 0) return malformed("an empty handshake record");
  return length;
}

// The same for the message header, in `message`: what has been put together so far.
std::expected<std::optional<std::size_t>, ClientHelloError> parse_message_header(std::string_view message) {
  if (!message.empty() && byte_at(message, 0) != kClientHelloMessage) {
    return malformed("the first message is not a ClientHello");
  }
  if (message.size() > 1 && byte_at(message, 1) != 0)
    return fail(Kind::too_large, "the ClientHello is too large");
  if (message.size() < kMessageHeaderBytes) return std::nullopt;
  const std::size_t length = static_cast<std::size_t>(byte_at(message, 2)) << 8U | byte_at(message, 3);
  if (length + kMessageHeaderBytes > base::kClientHelloBytesMax) {
    return fail(Kind::too_large, "the ClientHello is too large");
  }
  return length;
}

// The extension's body is a list with one host_name (RFC 6066 §3: never two of one type, and no other type
// was ever defined).
std::expected<void, ClientHelloError> parse_server_name(std::string_view extension, ClientHello& hello) {
  if (hello.server_name_kind != ServerName::absent) return malformed("two server_name extensions");
  Reader outer(extension);
  const auto list = outer.vector(2);
  if (!list || !outer.empty()) return malformed("server_name: wrong length");
  Reader entry(*list);
  const auto type = entry.number(1);
  const auto name = entry.vector(2);
  if (!type || !name || !entry.empty()) return malformed("server_name: not one name");
  if (*type != kHostNameType) return malformed("server_name: an unknown type of name");
  if (name->empty()) return malformed("server_name: an empty name");
  auto parsed = base::parse_hostname(*name);
  hello.server_name_kind = parsed ? ServerName::valid : ServerName::invalid;
  if (parsed) hello.server_name = std::move(*parsed);
  return {};
}

std::expected<void, ClientHelloError> parse_alpn(std::string_view extension, ClientHello& hello) {
  if (!hello.alpn_protocols.empty()) return malformed("two ALPN extensions");
  Reader outer(extension);
  const auto list = outer.vector(2);
  if (!list || !outer.empty() || list->empty()) return malformed("ALPN: wrong length");
  Reader names(*list);
  while (!names.empty()) {
    const auto name = names.vector(1);
    if (!name || name->empty()) return malformed("ALPN: an empty or cut name");
    if (hello.alpn_protocols.size() == base::kAlpnProtocolsMax) {
      return fail(Kind::too_large, "ALPN: too many protocols");
    }
    hello.alpn_protocols.emplace_back(*name);
  }
  return {};
}

std::expected<void, ClientHelloError> parse_extensions(std::string_view block, ClientHello& hello) {
  Reader extensions(block);
  while (!extensions.empty()) {
    const auto type = extensions.number(2);
    const auto body = extensions.vector(2);
    if (!type || !body) return malformed("a cut extension");
    std::expected<void, ClientHelloError> parsed;
    if (*type == kServerNameExtension) parsed = parse_server_name(*body, hello);
    if (*type == kAlpnExtension) parsed = parse_alpn(*body, hello);
    if (!parsed) return parsed;
  }
  return {};
}

// `body` is the whole message without its header (RFC 8446 §4.1.2; TLS 1.2 has the same layout).
std::expected<std::optional<ClientHello>, ClientHelloError> parse_body(std::string_view body) {
  Reader reader(body);
  const auto version = reader.number(2);
  if (!version || *version >> 8U != kMajorVersion) return malformed("the ClientHello's version is not TLS");
  const auto random = reader.take(kRandomBytes);
  const auto session_id = reader.vector(1);
  if (!random || !session_id || session_id->size() > kSessionIdBytesMax) return malformed("a bad session id");
  const auto ciphers = reader.vector(2);
  if (!ciphers || ciphers->empty() || ciphers->size() % 2 != 0) return malformed("a bad list of ciphers");
  const auto compressions = reader.vector(1);
  if (!compressions || compressions->empty()) return malformed("a bad list of compression methods");
  ClientHello hello;
  if (reader.empty()) return hello;  // TLS 1.2 and older may have no extensions at all
  const auto extensions = reader.vector(2);
  if (!extensions || !reader.empty()) return malformed("the extensions have a wrong length");
  if (auto parsed = parse_extensions(*extensions, hello); !parsed) return std::unexpected(parsed.error());
  return hello;
}

}  // namespace

bool ClientHello::offers_only(std::string_view protocol) const {
  return alpn_protocols.size() == 1 && alpn_protocols.front() == protocol;
}

std::expected<std::optional<ClientHello>, ClientHelloError> parse_client_hello(std::string_view bytes) {
  std::string joined;  // used only when the message continues in a second record
  for (std::size_t at = 0;;) {
    // Records of one byte each would make the raw form six times as long as the message.
    if (at > base::kClientHelloBytesMax) return fail(Kind::too_large, "the ClientHello has too many records");
    const auto record_header = parse_record_header(bytes.substr(at));
    if (!record_header) return std::unexpected(record_header.error());
    const std::optional<std::size_t> record_bytes = *record_header;
    if (!record_bytes) return std::nullopt;
    const std::string_view record = bytes.substr(at + kRecordHeaderBytes, *record_bytes);
    std::string_view message = record;
    if (at > 0) message = joined.append(record);
    const auto message_header = parse_message_header(message);
    if (!message_header) return std::unexpected(message_header.error());
    // A message is read from whole records only: the TLS library cannot begin earlier either.
    if (record.size() < *record_bytes) return std::nullopt;
    const std::optional<std::size_t> body_bytes = *message_header;
    if (body_bytes && message.size() >= kMessageHeaderBytes + *body_bytes) {
      return parse_body(message.substr(kMessageHeaderBytes, *body_bytes));
    }
    if (at == 0) joined = record;
    at += kRecordHeaderBytes + *record_bytes;
  }
}

}  // namespace cardea::tls
