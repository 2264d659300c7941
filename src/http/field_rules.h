// Rules about header fields that hold in every HTTP version: which characters, which lists, which fields end
// at the next hop. Pure; views in, views out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/strings.h"
#include "http/fields.h"

namespace cardea::http {

// Classes of bytes, combined as bits so that one table serves all rules.
inline constexpr std::uint8_t kTokenByte = 1;   // RFC 9110 §5.6.2 tchar
inline constexpr std::uint8_t kValueByte = 2;   // RFC 9110 §5.5: HTAB, SP, VCHAR, obs-text
inline constexpr std::uint8_t kTargetByte = 4;  // visible ASCII without '#' (a fragment is never sent)
inline constexpr std::uint8_t kHostByte = 8;    // what a routable name consists of: letters, digits, "-._~"
inline constexpr std::uint8_t kPlainByte = 16;  // of a field name that means the same everywhere: see below

consteval std::array<std::uint8_t, 256> make_byte_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned i = 0; i < 256; ++i) {
    const bool visible = i > 0x20 && i < 0x7f;
    const bool alnum = i < 0x80 && base::is_alnum(static_cast<char>(i));
    const auto among = [i](std::string_view set) {
      return i != 0 && i < 0x80 && set.find(static_cast<char>(i)) != std::string_view::npos;
    };
    if (alnum || among("!#$%&'*+-.^_`|~")) classes[i] |= kTokenByte;
    if (visible || i == ' ' || i == '\t' || i >= 0x80) classes[i] |= kValueByte;
    if (visible && i != '#') classes[i] |= kTargetByte;
    if (alnum || among("-._~")) classes[i] |= kHostByte;
    if (alnum || among("-")) classes[i] |= kPlainByte;
  }
  return classes;
}
inline constexpr std::array<std::uint8_t, 256> kByteClasses = make_byte_classes();

[[nodiscard]] constexpr bool has_class(char byte, std::uint8_t wanted) {
  return (kByteClasses[static_cast<unsigned char>(byte)] & wanted) != 0;
}

// A field name, method or list option: at least one tchar and nothing else.
[[nodiscard]] bool is_token(std::string_view text);
// Letters, digits and "-" only. Servers that make variables of fields (CGI, FastCGI, WSGI) turn "-" into "_",
// PHP does the same with ".", lighttpd with every other sign: to them "X_Forwarded.For" is X-Forwarded-For.
[[nodiscard]] bool is_plain_name(std::string_view name);
// Whether such a server takes one name for the other: they differ in case and in what sign stands where.
[[nodiscard]] bool is_same_variable(std::string_view a, std::string_view b);
// A field value that can be sent as it is: no control byte but HTAB; empty is fine.
[[nodiscard]] bool is_field_value(std::string_view text);
// "name", "name:port", "[v6]", "[v6]:port" by characters and port range. Deliberately narrower than RFC 3986:
// no userinfo, no sub-delimiters (a comma would be two joined Host fields), no percent-encoding, no empty
// port.
[[nodiscard]] bool is_authority(std::string_view text);
// Fields about one connection (RFC 9110 §7.6.1), which a proxy never passes on.
[[nodiscard]] bool is_hop_by_hop(std::string_view name);
// Fields that must not come after the body (RFC 9110 §6.5.1): framing, routing, conditions and other
// modifiers of a request, authentication, content, control of a response, and what is hop-by-hop anyway.
// Whoever forwards trailers drops them.
[[nodiscard]] bool is_forbidden_trailer(std::string_view name);
// True if some Connection field lists `name`, which makes that field hop-by-hop too.
[[nodiscard]] bool connection_nominates(const FieldList& fields, std::string_view name);

// Calls `fn(element)` for each part of a comma-separated list (RFC 9110 §5.6.1), OWS taken off; empty parts
// are given too, so that strict callers can refuse them: "a,,b" has three. If `fn` returns a bool, false
// stops. For lists without quoted strings only.
template <typename Fn>
void for_each_list_element(std::string_view value, Fn&& fn) {
  for (;;) {
    const std::size_t comma = value.find(',');
    const std::string_view element = base::trim(value.substr(0, comma));
    if constexpr (std::is_same_v<std::invoke_result_t<Fn&, std::string_view>, bool>) {
      if (!fn(element)) return;
    } else {
      fn(element);
    }
    if (comma == std::string_view::npos) return;
    value.remove_prefix(comma + 1);
  }
}

}  // namespace cardea::http
