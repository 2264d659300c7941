#include "tls/client_hello.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tls/recorded_hellos.h"

namespace cardea::tls {
namespace {

using Kind = ClientHelloError::Kind;
using Parsed = std::expected<std::optional<ClientHello>, ClientHelloError>;

std::string number(std::size_t value, std::size_t bytes) {
  std::string out;
  while (bytes-- > 0) out.push_back(static_cast<char>(value >> (8 * bytes) & 0xffU));
  return out;
}
std::string vector(std::string_view content, std::size_t length_bytes) {
  return number(content.size(), length_bytes).append(content);
}
std::string extension(std::size_t type, std::string_view content) {
  return number(type, 2).append(vector(content, 2));
}
std::string server_name(std::string_view name) {
  return extension(0, vector(number(0, 1).append(vector(name, 2)), 2));
}
std::string alpn(std::string_view names) {
  return extension(16, vector(names, 2));
}
std::string message(std::string_view extensions) {
  std::string body = number(0x0303, 2) + std::string(32, 'r') + vector("", 1);
  body += vector(number(0x1301, 2), 2) + vector(number(0, 1), 1) + vector(extensions, 2);
  return number(1, 1).append(vector(body, 3));
}
std::string record(std::string_view fragment) {
  return number(22, 1) + number(0x0301, 2) + vector(fragment, 2);
}

std::string in_records_of(std::string_view whole, std::size_t bytes) {
  std::string out;
  for (; !whole.empty(); whole.remove_prefix(std::min(bytes, whole.size())))
    out += record(whole.substr(0, bytes));
  return out;
}

bool is(const Parsed& parsed, Kind kind) {
  return !parsed && parsed.error().kind == kind;
}

TEST(ClientHello, ReadsNameAndProtocolsOfOpenssl) {
  const Parsed parsed = parse_client_hello(from_hex(kHelloTls13));
  ASSERT_TRUE(parsed && *parsed);
  EXPECT_EQ((*parsed)->server_name_kind, ServerName::valid);
  EXPECT_EQ((*parsed)->server_name, "www.example.com");
  EXPECT_EQ((*parsed)->alpn_protocols, (std::vector<std::string>{"h2", "http/1.1"}));
  EXPECT_FALSE((*parsed)->offers_only("h2"));
}

TEST(ClientHello, ReadsOneWithoutNameAndProtocols) {
  const Parsed parsed = parse_client_hello(from_hex(kHelloWithoutSni));
  ASSERT_TRUE(parsed && *parsed);
  EXPECT_EQ((*parsed)->server_name_kind, ServerName::absent);
  EXPECT_EQ((*parsed)->server_name, "");
  EXPECT_TRUE((*parsed)->alpn_protocols.empty());
}

TEST(ClientHello, LowersTheNameAndSeesTheAcmeProtocol) {
  const Parsed parsed = parse_client_hello(from_hex(kHelloAcme));
  ASSERT_TRUE(parsed && *parsed);
  EXPECT_EQ((*parsed)->server_name, "app.example.com");
  EXPECT_EQ(std::ranges::count((*parsed)->alpn_protocols, "acme-tls/1"), 1);
}

TEST(ClientHello, ReadsAPostQuantumHelloLongerThanASegment) {
  const std::string bytes = from_hex(kHelloPostQuantum);
  EXPECT_GT(bytes.size(), 1460U);
  const Parsed parsed = parse_client_hello(bytes);
  ASSERT_TRUE(parsed && *parsed);
  EXPECT_EQ((*parsed)->server_name, "www.example.com");
}

TEST(ClientHello, WantsMoreAtEverySplitAndIgnoresWhatFollows) {
  for (const std::string_view hex : {kHelloTls13, kHelloWithoutSni, kHelloAcme, kHelloPostQuantum}) {
    const std::string bytes = from_hex(hex);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const Parsed parsed = parse_client_hello(std::string_view(bytes).substr(0, size));
      EXPECT_TRUE(parsed && !*parsed) << size;
    }
    const Parsed parsed = parse_client_hello(bytes + "early data");
    EXPECT_TRUE(parsed && *parsed);
  }
}

TEST(ClientHello, IsReadFromAnyNumberOfRecords) {
  const std::string whole = from_hex(kHelloTls13).substr(5);
  for (std::size_t bytes = 1; bytes <= whole.size(); ++bytes) {
    const std::string input = in_records_of(whole, bytes);
    const Parsed parsed = parse_client_hello(input);
    ASSERT_TRUE(parsed && *parsed) << bytes;
    EXPECT_EQ((*parsed)->server_name, "www.example.com");
    const Parsed cut = parse_client_hello(std::string_view(input).substr(0, input.size() - 1));
    EXPECT_TRUE(cut && !*cut) << bytes;
  }
}

TEST(ClientHello, RefusesOtherProtocolsAtTheFirstByteThatShowsIt) {
  EXPECT_TRUE(is(parse_client_hello("G"), Kind::not_tls));
  EXPECT_TRUE(is(parse_client_hello("GET / HTTP/1.1\r\n"), Kind::not_tls));
  EXPECT_TRUE(is(parse_client_hello(std::string_view("\x80\x2e\x01\x03\x01", 5)), Kind::not_tls));
  EXPECT_TRUE(is(parse_client_hello(std::string_view("\x15\x03\x01\x00\x02", 5)), Kind::not_tls));
  EXPECT_TRUE(is(parse_client_hello("\x16\x02"), Kind::not_tls));
  EXPECT_TRUE(is(parse_client_hello("\x16\x03\x01\x41"), Kind::malformed));
  EXPECT_TRUE(is(parse_client_hello(std::string_view("\x16\x03\x01\x40\x01", 5)), Kind::malformed));
  EXPECT_TRUE(is(parse_client_hello(std::string_view("\x16\x03\x01\x00\x00", 5)), Kind::malformed));
  EXPECT_TRUE(is(parse_client_hello(std::string_view("\x16\x03\x01\x00\x40\x02", 6)), Kind::malformed));
  EXPECT_TRUE(is(parse_client_hello(std::string_view("\x16\x03\x01\x00\x40\x01\x01", 7)), Kind::too_large));
}

TEST(ClientHello, RefusesAnotherRecordTypeInTheMiddle) {
  const std::string whole = message(server_name("a.example"));
  const std::string input = record(whole.substr(0, 10)) + "\x15\x03\x03";
  EXPECT_TRUE(is(parse_client_hello(input), Kind::not_tls));
}

TEST(ClientHello, TellsInvalidNamesFromAbsentOnes) {
  for (const std::string_view name : {"bad name", "a..b", "-a", "\xc3\xa9.example", "*.example"}) {
    const Parsed parsed = parse_client_hello(record(message(server_name(name))));
    ASSERT_TRUE(parsed && *parsed);
    EXPECT_EQ((*parsed)->server_name_kind, ServerName::invalid) << name;
    EXPECT_EQ((*parsed)->server_name, "");
  }
  const Parsed dotted = parse_client_hello(record(message(server_name("A.Example."))));
  ASSERT_TRUE(dotted && *dotted);
  EXPECT_EQ((*dotted)->server_name, "a.example");
}

TEST(ClientHello, RefusesMalformedExtensions) {
  const std::string name = number(0, 1).append(vector("a", 2));
  const std::vector<std::string> cases = {
      extension(0, ""),
      extension(0, vector("", 2)),
      server_name(""),
      extension(0, vector(name, 2) + "x"),
      extension(0, vector(name + name, 2)),
      extension(0, vector(name + "x", 2)),
      extension(0, number(9, 2) + name),
      extension(0, vector(number(1, 1).append(vector("a", 2)), 2)),
      server_name("a") + server_name("a"),
      server_name("bad name") + server_name("a"),
      extension(16, ""),
      alpn(""),
      alpn(vector("", 1)),
      alpn(vector("h2", 1) + "\x05h3"),
      extension(16, vector(vector("h2", 1), 2) + "x"),
      alpn(vector("h2", 1)) + alpn(vector("h2", 1)),
      server_name("a") + "x",
      number(5, 2) + number(4, 2) + "abc",
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_TRUE(is(parse_client_hello(record(message(cases[i]))), Kind::malformed)) << "case " << i;
  }
}

TEST(ClientHello, RefusesEveryWrongLengthInsideTheMessage) {
  const std::string good = message(server_name("a.example"));
  ASSERT_TRUE(parse_client_hello(record(good)));
  // The lengths of session id, ciphers, compression methods and extensions, one more and one less.
  for (const std::size_t at : {std::size_t{38}, std::size_t{40}, std::size_t{43}, std::size_t{46}}) {
    for (const int by : {-1, 1}) {
      std::string wrong = good;
      wrong[at] = static_cast<char>(wrong[at] + by);
      EXPECT_TRUE(is(parse_client_hello(record(wrong)), Kind::malformed)) << at << " by " << by;
    }
  }
  std::string version = good;
  version[4] = 2;
  EXPECT_TRUE(is(parse_client_hello(record(version)), Kind::malformed));
}

TEST(ClientHello, MayHaveNoExtensionBlockAtAll) {
  const std::string body = number(0x0303, 2) + std::string(32, 'r') + vector("", 1) +
                           vector(number(0x002f, 2), 2) + vector(number(0, 1), 1);
  const Parsed parsed = parse_client_hello(record(number(1, 1).append(vector(body, 3))));
  ASSERT_TRUE(parsed && *parsed);
  EXPECT_EQ((*parsed)->server_name_kind, ServerName::absent);
}

TEST(ClientHello, IsBounded) {
  const std::string fits = message(extension(21, std::string(base::kClientHelloBytesMax - 51, '\0')));
  ASSERT_EQ(fits.size(), base::kClientHelloBytesMax);
  EXPECT_TRUE(parse_client_hello(record(fits)));
  const std::string large = message(extension(21, std::string(base::kClientHelloBytesMax - 50, '\0')));
  EXPECT_TRUE(is(parse_client_hello(in_records_of(large, 1000)), Kind::too_large));
  EXPECT_TRUE(is(parse_client_hello(in_records_of(fits, 1)), Kind::too_large));
  std::string protocols;
  for (std::size_t i = 0; i < base::kAlpnProtocolsMax; ++i) protocols += vector("h2", 1);
  EXPECT_TRUE(parse_client_hello(record(message(alpn(protocols)))));
  EXPECT_TRUE(is(parse_client_hello(record(message(alpn(protocols + vector("x", 1))))), Kind::too_large));
}

}  // namespace
}  // namespace cardea::tls
