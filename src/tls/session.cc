#include "tls/session.h"

#include <algorithm>
#include <cstring>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "base/check.h"
#include "crypto/openssl_ptr.h"
#include "crypto/trust_store.h"

namespace cardea::tls {

namespace {

// A key update asks for one in return (RFC 8446 §4.6.3). Who only asks, and never lets us write, is an
// attacker.
constexpr std::size_t kAnswerBytesMax = 4096;

}  // namespace

// A BIO whose two ends are the buffers of the call that is running. Writing never fails and never blocks;
// reading from an empty buffer asks for a retry, which OpenSSL reports as SSL_ERROR_WANT_READ.
struct BufferBio {
  static BIO_METHOD* method() {
    static BIO_METHOD* const kMethod = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "cardea buffers");
      BIO_meth_set_read(made, &BufferBio::read);
      BIO_meth_set_write(made, &BufferBio::write);
      BIO_meth_set_ctrl(made, &BufferBio::control);
      return made;
    }();
    return kMethod;
  }

  static int read(BIO* bio, char* out, int bytes_max) {
    BIO_clear_retry_flags(bio);
    base::Buffer* in = static_cast<Session::Wires*>(BIO_get_data(bio))->in;
    if (in == nullptr || in->empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t bytes = std::min(in->size(), static_cast<std::size_t>(bytes_max));
    std::memcpy(out, in->view().data(), bytes);
    in->consume(bytes);
    return static_cast<int>(bytes);
  }

  static int write(BIO* bio, const char* bytes, int count) {
    BIO_clear_retry_flags(bio);
    base::Buffer* out = static_cast<Session::Wires*>(BIO_get_data(bio))->out;
    // A read may want to answer (key update, alert) while no output is at hand; decode() always brings one.
    if (out == nullptr || count < 0) return -1;
    out->append({bytes, static_cast<std::size_t>(count)});
    return count;
  }

  static long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }
};

Session::Session(SslPtr ssl, std::shared_ptr<const void> context)
    : context_(std::move(context)), ssl_(std::move(ssl)) {
  BIO* bio = BIO_new(BufferBio::method());
  CARDEA_CHECK(bio != nullptr, "out of memory");
  BIO_set_data(bio, &wires_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

// OpenSSL takes an end without our goodbye for a reason never to resume this session, as TLS 1.0 wanted it;
// RFC 5246 §7.2.1 took that back. Sessions of connections that failed it has forbidden at the alert.
Session::~Session() {
  SSL_set_shutdown(ssl_.get(), SSL_get_shutdown(ssl_.get()) | SSL_SENT_SHUTDOWN);
}

std::unique_ptr<Session> Session::make(SslPtr ssl, std::shared_ptr<const void> context) {
  return std::unique_ptr<Session>(new Session(std::move(ssl), std::move(context)));
}

base::Result<Session::Step> Session::handshake(base::Buffer& wire_in, base::Buffer& wire_out) {
  ERR_clear_error();
  wires_ = {&wire_in, &wire_out};
  const int result = SSL_do_handshake(ssl_.get());
  wires_ = {};
  if (result == 1) return Step::done;
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return Step::needs_input;
  std::string why = "TLS handshake: " + crypto::take_openssl_errors();
  if (const long verified = SSL_get_verify_result(ssl_.get()); verified != X509_V_OK) {
    why.append(" (").append(crypto::verification_error(verified)).append(")");
  }
  return base::fail(base::ErrorCode::protocol, std::move(why), base::ErrorSource::client);
}

base::Result<Session::Decoded> Session::decode(base::Buffer& wire, base::Buffer& plain,
                                               std::size_t plain_bytes_max) {
  // Small first: most reads are one request of a few hundred bytes.
  static constexpr std::size_t kReadBytesMin = 1024;
  wires_ = {&wire, &answers_};
  auto decoded = [&]() -> base::Result<Decoded> {
    while (plain.size() < plain_bytes_max) {
      const std::span<char> space = plain.prepare(kReadBytesMin);
      std::size_t bytes = 0;
      ERR_clear_error();
      const int result = SSL_read_ex(ssl_.get(), space.data(), space.size(), &bytes);
      if (result == 1) {
        plain.commit(bytes);
        // Nothing buffered anywhere: asking again would cost 0.65 µs to hear "want read".
        if (wire.empty() && SSL_pending(ssl_.get()) == 0) return Decoded::more;
        continue;
      }
      switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ: return Decoded::more;
        case SSL_ERROR_ZERO_RETURN: return Decoded::ended;
        default: return base::fail(base::ErrorCode::protocol, "TLS: " + crypto::take_openssl_errors());
      }
    }
    return Decoded::more;
  }();
  wires_ = {};
  if (answers_.size() > kAnswerBytesMax)
    return base::fail(base::ErrorCode::protocol, "TLS: too many key updates");
  return decoded;
}

bool Session::has_pending() const {
  return SSL_pending(ssl_.get()) > 0;
}

base::Status Session::encode(std::string_view plain, base::Buffer& wire) {
  if (plain.empty()) return {};
  if (!answers_.empty()) {
    wire.append(answers_.view());
    answers_.consume(answers_.size());
  }
  std::size_t written = 0;
  ERR_clear_error();
  wires_ = {nullptr, &wire};
  const int result = SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written);
  wires_ = {};
  // The BIO takes everything, so anything but all is a dead session.
  if (result == 1 && written == plain.size()) return {};
  return base::fail(base::ErrorCode::protocol, "TLS: " + crypto::take_openssl_errors());
}

void Session::encode_end(base::Buffer& wire) {
  wire.append(answers_.view());
  answers_.consume(answers_.size());
  ERR_clear_error();
  wires_ = {nullptr, &wire};
  SSL_shutdown(ssl_.get());
  wires_ = {};
}

// OpenSSL keeps two buffers of 16 KiB and more, and has no other word for "not now": with data in them it
// keeps them.
void Session::release_buffers() {
  SSL_free_buffers(ssl_.get());
}

void Session::spare_memory() {
  SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
}

std::string_view Session::alpn() const {
  const unsigned char* name = nullptr;
  unsigned bytes = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &bytes);
  return {reinterpret_cast<const char*>(name), bytes};
}

std::string_view Session::version() const {
  return SSL_get_version(ssl_.get());
}

}  // namespace cardea::tls
