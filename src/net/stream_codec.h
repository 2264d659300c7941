// What may stand between the bytes on the wire and the bytes a session sees. TLS is one; net/ knows none.
#pragma once

#include <string_view>

#include "base/buffer.h"
#include "base/error.h"

namespace cardea::net {

class StreamCodec {
 public:
  StreamCodec() = default;
  StreamCodec(const StreamCodec&) = delete;
  StreamCodec& operator=(const StreamCodec&) = delete;
  virtual ~StreamCodec() = default;

  enum class Decoded : std::uint8_t { more, ended };

  // Moves what is complete from `wire` to `plain`, until `plain` holds `plain_bytes_max`. `ended`: the peer
  // said that nothing more comes. Error: protocol, closed.
  virtual base::Result<Decoded> decode(base::Buffer& wire, base::Buffer& plain,
                                       std::size_t plain_bytes_max) = 0;
  // True if decode() could yield more without new bytes from the wire.
  [[nodiscard]] virtual bool has_pending() const = 0;
  virtual base::Status encode(std::string_view plain, base::Buffer& wire) = 0;
  // Appends the goodbye (close_notify). Never fails: if there is nothing to say, it says nothing.
  virtual void encode_end(base::Buffer& wire) = 0;
  // Gives back memory that the next bytes would need anew; called before a long wait.
  virtual void release_buffers() {}
  // From now on does so by itself after each piece: there will be many waits, and long ones.
  virtual void spare_memory() {}
};

}  // namespace cardea::net
