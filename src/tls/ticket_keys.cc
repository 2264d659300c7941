#include "tls/ticket_keys.h"

#include <algorithm>
#include <optional>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/check.h"

namespace cardea::tls {
namespace {

// The slot of SSL_CTX ex_data that points to the TicketKeys of the context.
int context_slot() {
  static const int kSlot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kSlot;
}

template <std::size_t N>
void fill_random(std::array<unsigned char, N>& bytes) {
  CARDEA_CHECK(RAND_priv_bytes(bytes.data(), static_cast<int>(N)) == 1, "no randomness for ticket keys");
}

constexpr int kIvBytes = 16;

}  // namespace

TicketKeys::TicketKeys() : current_(make_key()), previous_(make_key()) {}

TicketKeys::Key TicketKeys::make_key() {
  Key key{};
  fill_random(key.name);
  fill_random(key.cipher_key);
  fill_random(key.mac_key);
  key.made = std::chrono::steady_clock::now();
  return key;
}

void TicketKeys::install(SSL_CTX* context) {
  SSL_CTX_set_ex_data(context, context_slot(), this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &TicketKeys::on_ticket);
}

TicketKeys::Key TicketKeys::current() {
  const std::scoped_lock lock(mutex_);
  if (std::chrono::steady_clock::now() - current_.made > kRotation) {
    previous_ = current_;
    current_ = make_key();
  }
  return current_;
}

std::optional<TicketKeys::Found> TicketKeys::find(const unsigned char* name) {
  const std::scoped_lock lock(mutex_);
  if (std::equal(current_.name.begin(), current_.name.end(), name)) return Found{current_, false};
  if (std::equal(previous_.name.begin(), previous_.name.end(), name)) return Found{previous_, true};
  return std::nullopt;
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 = done, 2 = done and send a new ticket, 0 = unknown key, -1 =
// failure.
int TicketKeys::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                          EVP_MAC_CTX* mac, int encrypting) {
  auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_slot()));
  const auto prepare = [&](Key key) {
    std::array<OSSL_PARAM, 3> params = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac_key.data(), key.mac_key.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
        OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, params.data()) == 1 &&
           (encrypting == 1
                ? EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher_key.data(), iv)
                : EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher_key.data(), iv)) == 1;
  };
  if (encrypting == 1) {
    const Key key = keys->current();
    std::copy(key.name.begin(), key.name.end(), name);
    if (RAND_bytes(iv, kIvBytes) != 1) return -1;
    return prepare(key) ? 1 : -1;
  }
  const auto found = keys->find(name);
  if (!found) return 0;
  if (!prepare(found->key)) return -1;
  // TLS 1.3 clients use a ticket once (RFC 8446 §C.4): always give a new one.
  return found->is_old || SSL_version(ssl) >= TLS1_3_VERSION ? 2 : 1;
}

}  // namespace cardea::tls
