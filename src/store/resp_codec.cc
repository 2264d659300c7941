#include "store/resp_codec.h"

#include <new>
#include <vector>

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/strings.h"

namespace cardea::store {
namespace {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

std::string text_of(const redisReply& reply) {
  return {reply.str, static_cast<std::size_t>(reply.len)};
}

// hiredis bounds the depth of nesting (seven levels in 0.14, nine in 1.x), and so the recursion.
RedisReply convert(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER: return RedisReply::from_integer(reply.integer);
    case REDIS_REPLY_STRING: return RedisReply::from_text(text_of(reply));
    case REDIS_REPLY_STATUS: return RedisReply::from_status(text_of(reply));
    case REDIS_REPLY_ERROR: return RedisReply::from_error(text_of(reply));
    case REDIS_REPLY_ARRAY: {
      std::vector<RedisReply> items;
      items.reserve(reply.elements);
      for (std::size_t i = 0; i < reply.elements; ++i) items.push_back(convert(*reply.element[i]));
      return RedisReply::from_array(std::move(items));
    }
    default: return {};
  }
}

std::unexpected<base::Error> protocol_error(std::string_view why) {
  return base::fail(base::ErrorCode::protocol, "Redis sent what is not RESP: " + base::printable(why),
                    base::ErrorSource::store);
}

}  // namespace

std::string format_command(std::span<const std::string> arguments) {
  CARDEA_CHECK(!arguments.empty(), "a command has a name");
  std::vector<const char*> pointers;
  std::vector<std::size_t> sizes;
  pointers.reserve(arguments.size());
  sizes.reserve(arguments.size());
  for (const std::string& argument : arguments) {
    pointers.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  char* formatted = nullptr;
  // int in 0.14, long long in 1.x.
  const auto bytes =
      redisFormatCommandArgv(&formatted, static_cast<int>(arguments.size()), pointers.data(), sizes.data());
  if (bytes < 0) throw std::bad_alloc();
  const std::unique_ptr<char, decltype(&redisFreeCommand)> owner(formatted, redisFreeCommand);
  return {formatted, static_cast<std::size_t>(bytes)};
}

void RespReader::Free::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

RespReader::RespReader() : reader_(redisReaderCreate()) {
  if (!reader_) throw std::bad_alloc();
}

base::Status RespReader::feed(std::string_view bytes) {
  unfinished_bytes_ += bytes.size();
  // Checked before the copy: several small replies in one piece stay far below it.
  if (unfinished_bytes_ > base::kRedisReplyBytesMax) {
    return base::fail(base::ErrorCode::too_large, "a reply of Redis is over the limit of 16 MiB",
                      base::ErrorSource::store);
  }
  if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) {
    return protocol_error(reader_->errstr);
  }
  return {};
}

base::Result<std::optional<RedisReply>> RespReader::next() {
  void* raw = nullptr;
  if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) return protocol_error(reader_->errstr);
  if (raw == nullptr) return std::nullopt;
  const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
  unfinished_bytes_ = reader_->len - reader_->pos;
  return convert(*reply);
}

}  // namespace cardea::store
