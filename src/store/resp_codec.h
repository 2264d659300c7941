// The Redis protocol (RESP2) as bytes: commands out, replies in. hiredis does the work; one source for 0.14
// and 1.x.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/redis_reply.h"

struct redisReader;

namespace cardea::store {

// A command as an array of bulk strings; arguments may hold any bytes. `arguments` is not empty.
[[nodiscard]] std::string format_command(std::span<const std::string> arguments);

// Takes bytes in any pieces and gives whole replies. After an error it is of no more use.
class RespReader {
 public:
  RespReader();
  RespReader(RespReader&&) noexcept = default;
  RespReader& operator=(RespReader&&) noexcept = default;
  ~RespReader() = default;

  // Error (too_large): one reply would have more than kRedisReplyBytesMax.
  base::Status feed(std::string_view bytes);
  // nullopt: the next reply is not complete. Error (protocol): what came is not RESP2.
  [[nodiscard]] base::Result<std::optional<RedisReply>> next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  std::unique_ptr<redisReader, Free> reader_;
  std::size_t unfinished_bytes_ = 0;  // fed since the last whole reply
};

}  // namespace cardea::store
