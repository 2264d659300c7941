#include "tls/context.h"

#include <algorithm>

#include <openssl/err.h>

#include "crypto/acme_challenge.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/openssl_ptr.h"
#include "crypto/trust_store.h"

namespace cardea::tls {
namespace {

// In the order of preference, as ALPN has them: length, name. A client that is told to speak HTTP/1.0 may
// offer nothing else (curl --http1.0).
constexpr std::string_view kHttpProtocols =
    "\x08http/1.1"
    "\x08http/1.0";
constexpr std::string_view kChallengeProtocols =
    "\x0a"
    "acme-tls/1";
static_assert(kChallengeProtocols.substr(1) == kAcmeTlsProtocol);

template <const std::string_view& kProtocols>
int select_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_bytes, const unsigned char* in,
                unsigned in_bytes, void* /*unused*/) {
  unsigned char* selected = nullptr;
  const int result =
      SSL_select_next_proto(&selected, out_bytes, reinterpret_cast<const unsigned char*>(kProtocols.data()),
                            kProtocols.size(), in, in_bytes);
  *out = selected;
  // RFC 7301 §3.2: no common protocol is fatal; going on would let two sides speak different languages.
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// One empty store for all contexts: we verify no client here, and a store of its own costs each context 450
// bytes.
X509_STORE* shared_empty_store() {
  static X509_STORE* const kStore = crypto::make_trust_store();
  return kStore;
}

void configure(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // Forward secrecy and AEAD only (RFC 9325 §4.2); TLS 1.3's suites are all of that kind.
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set1_groups_list(context, "X25519:P-256");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets only
  SSL_CTX_set1_cert_store(context, shared_empty_store());
}

void configure_host(SSL_CTX* context, std::string_view name, TicketKeys& tickets) {
  configure(context);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_alpn_select_cb(context, select_alpn<kHttpProtocols>, nullptr);
  const std::string id = crypto::sha256(name);
  SSL_CTX_set_session_id_context(
      context, reinterpret_cast<const unsigned char*>(id.data()),
      static_cast<unsigned>(std::min<std::size_t>(id.size(), SSL_MAX_SID_CTX_LENGTH)));
  tickets.install(context);
}

// The CA comes to see the certificate: no session may be resumed, neither this one nor that of a host.
void configure_challenge(SSL_CTX* context) {
  configure(context);
  SSL_CTX_set_num_tickets(context, 0);             // TLS 1.3
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);  // TLS 1.2, and tickets that are shown to us
  SSL_CTX_set_alpn_select_cb(context, select_alpn<kChallengeProtocols>, nullptr);
}

}  // namespace

ServerContext::ServerContext(SslCtxPtr context, crypto::KeyType key)
    : context_(std::move(context)), signs_slowly_(key != crypto::KeyType::ec_p256) {}

base::Result<std::shared_ptr<const ServerContext>> ServerContext::make(std::string_view name,
                                                                       const Credentials& credentials,
                                                                       TicketKeys& tickets) {
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return base::fail(base::ErrorCode::internal, "SSL_CTX_new: " + crypto::take_openssl_errors());
  configure_host(context.get(), name, tickets);
  auto key = crypto::PrivateKey::from_der(credentials.key_der);
  if (!key) return base::wrap(key.error(), "private key of " + std::string(name));
  bool leaf = true;
  for (const std::string& der : credentials.chain_der) {
    auto certificate = crypto::Certificate::from_der(der);
    if (!certificate) return base::wrap(certificate.error(), "certificate of " + std::string(name));
    const int taken =
        leaf ? SSL_CTX_use_cert_and_key(context.get(), certificate->handle(), key->handle(), nullptr, 1)
             : static_cast<int>(SSL_CTX_add1_chain_cert(context.get(), certificate->handle()));
    if (taken != 1) {
      return base::fail(base::ErrorCode::invalid,
                        "certificate of " + std::string(name) + ": " + crypto::take_openssl_errors());
    }
    leaf = false;
  }
  return std::shared_ptr<const ServerContext>(new ServerContext(std::move(context), key->type()));
}

base::Result<std::shared_ptr<const ServerContext>> ServerContext::make_challenge(
    std::string_view domain, std::string_view key_authorization, base::Time now) {
  auto made = crypto::make_challenge_certificate(domain, key_authorization, now);
  if (!made) return std::unexpected(made.error());
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return base::fail(base::ErrorCode::internal, "SSL_CTX_new: " + crypto::take_openssl_errors());
  configure_challenge(context.get());
  if (SSL_CTX_use_cert_and_key(context.get(), made->certificate.handle(), made->key.handle(), nullptr, 1) !=
      1) {
    return base::fail(base::ErrorCode::internal, "challenge certificate of " + std::string(domain) + ": " +
                                                     crypto::take_openssl_errors());
  }
  return std::shared_ptr<const ServerContext>(new ServerContext(std::move(context), made->key.type()));
}

}  // namespace cardea::tls
