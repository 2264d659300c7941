// One TLS connection over our own buffers: OpenSSL reads records from the stream's input buffer and writes
// them to its output buffer, so that one receive brings many records and one send carries many.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/stream_codec.h"
#include "tls/ssl_ptr.h"

namespace cardea::tls {

// Loop thread only. Use: handshake() until done, then give it to net::Stream::set_codec().
class Session : public net::StreamCodec {
 public:
  // `ssl` is in accept or connect state; `context`, where it came from, is kept alive as long as the session.
  static std::unique_ptr<Session> make(SslPtr ssl, std::shared_ptr<const void> context);
  ~Session() override;

  enum class Step : std::uint8_t { done, needs_input };
  // Goes on with the handshake: consumes from `wire_in`, appends to `wire_out` (on an error the alert). When
  // it is done, `wire_out` may hold session tickets, which need not be sent before the first response. Error:
  // protocol (with OpenSSL's reason).
  base::Result<Step> handshake(base::Buffer& wire_in, base::Buffer& wire_out);

  base::Result<Decoded> decode(base::Buffer& wire, base::Buffer& plain, std::size_t plain_bytes_max) override;
  [[nodiscard]] bool has_pending() const override;
  base::Status encode(std::string_view plain, base::Buffer& wire) override;
  void encode_end(base::Buffer& wire) override;
  void release_buffers() override;
  void spare_memory() override;

  // "" if ALPN was not used.
  [[nodiscard]] std::string_view alpn() const;
  // "TLSv1.3" and the like: a literal.
  [[nodiscard]] std::string_view version() const;

 private:
  Session(SslPtr ssl, std::shared_ptr<const void> context);

  std::shared_ptr<const void> context_;
  // What the BIO of ssl_ reads from and writes to, set for the time of one call.
  struct Wires {
    base::Buffer* in = nullptr;
    base::Buffer* out = nullptr;
  } wires_;
  // What OpenSSL wants to say while we read (key update, alert); it leaves with the next output.
  base::Buffer answers_;
  SslPtr ssl_;

  friend struct BufferBio;
};

}  // namespace cardea::tls
