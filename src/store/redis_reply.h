// One answer of Redis, with checked access: what came is not trusted to have the shape that was asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace cardea::store {

// A value. Every accessor fails with `protocol` (source store) when the reply is of another kind, and with
// the reply's own error when it is an error reply (which is so only inside of arrays: see into_result()).
class RedisReply {
 public:
  enum class Kind : std::uint8_t { nil, integer, text, status, array, error };

  RedisReply() = default;  // nil
  static RedisReply from_integer(std::int64_t value) { return RedisReply(Kind::integer, value); }
  static RedisReply from_text(std::string text) { return RedisReply(Kind::text, std::move(text)); }
  static RedisReply from_status(std::string text) { return RedisReply(Kind::status, std::move(text)); }
  static RedisReply from_error(std::string text) { return RedisReply(Kind::error, std::move(text)); }
  static RedisReply from_array(std::vector<RedisReply> items) {
    return RedisReply(Kind::array, std::move(items));
  }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_nil() const { return kind_ == Kind::nil; }

  [[nodiscard]] base::Result<std::int64_t> integer() const;
  // A bulk string or a status ("OK"). The view lives as long as the reply.
  [[nodiscard]] base::Result<std::string_view> text() const;
  // The same, with nil as nullopt: what GET returns.
  [[nodiscard]] base::Result<std::optional<std::string>> optional_text() const;
  [[nodiscard]] base::Result<std::span<const RedisReply>> array() const;

  // An error reply becomes Error{rejected, store, context = Redis' own text}; "LOADING …", "BUSY …" and
  // "MASTERDOWN …" say that Redis cannot serve now: unavailable, retryable.
  [[nodiscard]] base::Result<RedisReply> into_result() &&;

 private:
  using Value = std::variant<std::monostate, std::int64_t, std::string, std::vector<RedisReply>>;
  RedisReply(Kind kind, Value value) : kind_(kind), value_(std::move(value)) {}
  [[nodiscard]] std::unexpected<base::Error> wrong_kind(std::string_view wanted) const;

  Kind kind_ = Kind::nil;
  Value value_;
};

}  // namespace cardea::store
