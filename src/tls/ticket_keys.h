// The keys that encrypt TLS session tickets, the same for all hosts and workers of the process: a ticket
// stays good when a host's certificate is replaced, and whichever worker gets the connection can read it.
#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <optional>

#include <openssl/evp.h>
#include <openssl/ssl.h>

namespace cardea::tls {

// Any thread. Locked only in handshakes, for a copy of 80 bytes.
class TicketKeys {
 public:
  TicketKeys();

  // Makes `context` use these keys, which must outlive it.
  void install(SSL_CTX* context);

 private:
  // A stolen key opens the sessions of its time: rotate, and accept the previous one as long as tickets live.
  static constexpr std::chrono::hours kRotation{12};
  static constexpr std::size_t kNameBytes = 16;
  struct Key {
    std::array<unsigned char, kNameBytes> name;
    std::array<unsigned char, 32> cipher_key;  // AES-256-CBC
    std::array<unsigned char, 32> mac_key;     // HMAC-SHA-256
    std::chrono::steady_clock::time_point made;
  };
  static Key make_key();
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int encrypting);
  Key current();
  struct Found {
    Key key;
    bool is_old;
  };
  std::optional<Found> find(const unsigned char* name);

  std::mutex mutex_;
  Key current_;
  Key previous_;
};

}  // namespace cardea::tls
