#include "store/redis_reply.h"

#include <fmt/core.h>

namespace cardea::store {
namespace {

std::string_view to_string(RedisReply::Kind kind) {
  switch (kind) {
    case RedisReply::Kind::nil: return "nil";
    case RedisReply::Kind::integer: return "an integer";
    case RedisReply::Kind::text: return "a string";
    case RedisReply::Kind::status: return "a status";
    case RedisReply::Kind::array: return "an array";
    case RedisReply::Kind::error: return "an error";
  }
  return "unknown";
}

base::Error error_from(const std::string& text) {
  for (const std::string_view away : {"LOADING ", "BUSY ", "MASTERDOWN "}) {
    if (text.starts_with(away)) return {base::ErrorCode::unavailable, base::ErrorSource::store, true, text};
  }
  return {base::ErrorCode::rejected, base::ErrorSource::store, false, text};
}

}  // namespace

std::unexpected<base::Error> RedisReply::wrong_kind(std::string_view wanted) const {
  if (kind_ == Kind::error) return std::unexpected(error_from(std::get<std::string>(value_)));
  return base::fail(base::ErrorCode::protocol,
                    fmt::format("Redis answered with {} where {} belongs", to_string(kind_), wanted),
                    base::ErrorSource::store);
}

base::Result<std::int64_t> RedisReply::integer() const {
  if (kind_ != Kind::integer) return wrong_kind("an integer");
  return std::get<std::int64_t>(value_);
}

base::Result<std::string_view> RedisReply::text() const {
  if (kind_ != Kind::text && kind_ != Kind::status) return wrong_kind("a string");
  return std::get<std::string>(value_);
}

base::Result<std::optional<std::string>> RedisReply::optional_text() const {
  if (is_nil()) return std::nullopt;
  auto present = text();
  if (!present) return std::unexpected(present.error());
  return std::string(*present);
}

base::Result<std::span<const RedisReply>> RedisReply::array() const {
  if (kind_ != Kind::array) return wrong_kind("an array");
  return std::span<const RedisReply>(std::get<std::vector<RedisReply>>(value_));
}

base::Result<RedisReply> RedisReply::into_result() && {
  if (kind_ == Kind::error) return std::unexpected(error_from(std::get<std::string>(value_)));
  return std::move(*this);
}

}  // namespace cardea::store
