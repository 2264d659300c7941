#include "http/request_id.h"

#include <algorithm>
#include <bit>

#include "base/limits.h"
#include "crypto/random.h"
#include "http/exchange.h"
#include "http/field_rules.h"

namespace cardea::http {
namespace {

constexpr std::string_view kFieldName = "x-request-id";

bool can_be_an_id(std::string_view text) {
  return !text.empty() && text.size() <= base::kRequestIdBytesMax && std::ranges::all_of(text, [](char c) {
    return has_class(c, kTokenByte) || c == ':' || c == '/' || c == '=' || c == '@';
  });
}

void write_hex(std::uint64_t number, char* out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  for (unsigned digit = 0; digit < 16; ++digit) out[digit] = kHex[number >> (60U - 4U * digit) & 0xfU];
}

}  // namespace

RequestIds::RequestIds() {
  for (std::uint64_t& part : state_) part = crypto::random_number();
}

// xoshiro256** (Blackman and Vigna, 2018).
std::uint64_t RequestIds::next_number() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

RequestId RequestIds::next() {
  RequestId id;
  write_hex(next_number(), id.data());
  write_hex(next_number(), id.data() + 16);
  return id;
}

std::string_view choose_request_id(const RequestHead& request, const ConnectionInfo& connection,
                                   const RequestId& own) {
  if (connection.peer_is_trusted && request.fields.count(kFieldName) == 1) {
    const std::string_view told = request.fields.find(kFieldName).value_or("");
    if (can_be_an_id(told)) return told;
  }
  return {own.data(), own.size()};
}

}  // namespace cardea::http
