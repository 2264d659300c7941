#include "http/curl_engine.h"

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/url.h"
#include "net/race.h"

namespace cardea::http {
namespace {

void initialise_curl_once() {
  static const CURLcode kResult = curl_global_init(CURL_GLOBAL_DEFAULT);
  CARDEA_CHECK(kResult == CURLE_OK, "libcurl does not start");
}

}  // namespace

// --- the engine ---

Client::Engine::Engine(net::EventLoop& loop, ClientOptions options)
    : loop_(loop), options_(std::move(options)), multi_(nullptr) {
  initialise_curl_once();
  multi_ = curl_multi_init();
  CARDEA_CHECK(multi_ != nullptr, "out of memory");
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Engine::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Engine::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

Client::Engine::~Engine() {
  *alive_ = false;
  curl_multi_cleanup(multi_);  // closes kept connections and says so through on_socket
}

net::Task<base::Result<net::Addresses>> Client::Engine::find_store(const std::string& url) {
  const auto parsed = base::parse_url(url);
  if (!options_.address_policy || !parsed || !options_.address_policy->may_be_store(parsed->port)) {
    co_return net::Addresses();
  }
  const net::Endpoint& store = options_.address_policy->store();
  auto found = co_await net::with_deadline<base::Result<net::Addresses>>(
      loop_, options_.timeout, net::resolve(loop_, store.host, store.port));
  if (found && *found) co_return std::move(**found);
  co_return base::fail_retryable(base::ErrorCode::unavailable,
                                 "Redis has the same port, and its address is not known", options_.peer);
}

void Client::Engine::start(CURL* easy) {
  CARDEA_CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK, "curl refuses a transfer");
}

void Client::Engine::remove(CURL* easy) {
  curl_multi_remove_handle(multi_, easy);
}

int Client::Engine::on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self, void* /*watch*/) {
  auto* engine = static_cast<Engine*>(self);
  if (what == CURL_POLL_REMOVE) {
    engine->watches_.erase(socket);
    return 0;
  }
  auto& watch = engine->watches_[socket];
  if (!watch) watch = std::make_unique<Watch>(*engine, socket);
  watch->want(what);
  return 0;
}

Client::Engine::Watch::~Watch() {
  // curl may keep the socket open for later, so it has to be taken out.
  if (interest_ != 0) engine_.loop_.poller().remove(socket_, *this);
}

void Client::Engine::Watch::want(int what) {
  const std::uint32_t wanted = ((what & CURL_POLL_IN) != 0 ? std::uint32_t{EPOLLIN} : 0U) |
                               ((what & CURL_POLL_OUT) != 0 ? std::uint32_t{EPOLLOUT} : 0U);
  if (wanted == interest_) return;
  net::Poller& poller = engine_.loop_.poller();
  if (interest_ == 0) {
    poller.add(socket_, wanted, *this);
  } else if (wanted == 0) {
    poller.remove(socket_, *this);
  } else {
    poller.change(socket_, wanted, *this);
  }
  interest_ = wanted;
}

void Client::Engine::Watch::on_ready(std::uint32_t events) {
  int what = 0;
  if ((events & EPOLLIN) != 0) what |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) what |= CURL_CSELECT_ERR;
  engine_.act(socket_, what);  // may end this watch
}

int Client::Engine::on_timer(CURLM* /*multi*/, long milliseconds, void* self) {
  auto* engine = static_cast<Engine*>(self);
  net::TimerWheel::clear(*engine);
  if (milliseconds == 0) {
    // "At once", but curl must not be called from its own callback.
    engine->loop_.post([engine, alive = engine->alive_] {
      if (*alive) engine->act(CURL_SOCKET_TIMEOUT, 0);
    });
  } else if (milliseconds > 0) {
    engine->loop_.set_timer(*engine, std::chrono::milliseconds(milliseconds));
  }
  return 0;
}

void Client::Engine::act(curl_socket_t socket, int event) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, event, &running);
  collect();
}

void Client::Engine::collect() {
  // A finished transfer resumes its coroutine, which may start or destroy others: look again each time.
  const std::shared_ptr<bool> alive = alive_;
  int left = 0;
  while (CURLMsg* message = *alive ? curl_multi_info_read(multi_, &left) : nullptr) {
    if (message->msg != CURLMSG_DONE) continue;
    CurlTransfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    transfer->finished(message->data.result);
  }
}

// --- one transfer ---

CurlTransfer::CurlTransfer(Client::Engine& engine, ClientRequest request, net::Addresses store)
    : engine_(engine), request_(std::move(request)), store_(std::move(store)), easy_(curl_easy_init()) {
  CARDEA_CHECK(easy_ != nullptr, "out of memory");
  configure();
}

void CurlTransfer::configure() {
  const ClientOptions& options = engine_.options();
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, reason_.data());
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_field);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  if (options.address_policy) {
    // Behind a proxy of the environment (https_proxy, ALL_PROXY) the policy would judge the proxy's address
    // only.
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::on_open_socket);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
  }
  if (!options.ca_bundle.empty()) {
    curl_easy_setopt(easy_, CURLOPT_CAINFO, options.ca_bundle.c_str());
    curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
  }
  for (const std::string& field : request_.fields) fields_ = curl_slist_append(fields_, field.c_str());
  // curl would wait a second for "100 Continue" before bodies over 1 MiB; none of ours is that large.
  fields_ = curl_slist_append(fields_, "Expect:");
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, fields_);
  if (request_.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else if (request_.method == "POST") {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
  } else {
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
}

CurlTransfer::~CurlTransfer() {
  if (waiter_) engine_.remove(easy_);
  curl_easy_cleanup(easy_);
  curl_slist_free_all(fields_);
}

void CurlTransfer::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  engine_.start(easy_);
}

void CurlTransfer::finished(CURLcode code) {
  result_ = code;
  engine_.remove(easy_);
  std::exchange(waiter_, {}).resume();
}

base::Result<ClientResponse> CurlTransfer::await_resume() {
  if (*result_ != CURLE_OK) return std::unexpected(error());
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  return std::move(response_);
}

base::Error CurlTransfer::error() const {
  using base::ErrorCode;
  if (*result_ == CURLE_COULDNT_CONNECT && refusal_) {
    return {ErrorCode::forbidden, engine_.options().peer, false, request_.url + ": " + *refusal_};
  }
  std::string why = request_.url + ": ";
  why += reason_.front() != '\0' ? reason_.data() : curl_easy_strerror(*result_);
  const auto make = [&](ErrorCode code) { return base::Error{code, engine_.options().peer, true, why}; };
  switch (*result_) {
    case CURLE_OPERATION_TIMEDOUT: return make(ErrorCode::timeout);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT: return make(ErrorCode::refused);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR: return make(ErrorCode::protocol);
    case CURLE_SSL_CACERT_BADFILE: {
      why += "; check ACME_CA_BUNDLE in .env";
      return make(ErrorCode::invalid);
    }
    case CURLE_WRITE_ERROR: {
      if (!too_large_) return make(ErrorCode::internal);
      why = request_.url + ": the answer is larger than any that is expected here";
      return make(ErrorCode::too_large);
    }
    default: return make(ErrorCode::closed);
  }
}

curl_socket_t CurlTransfer::on_open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  const auto target = net::SocketAddress::from_raw(&address->addr, address->addrlen);
  if (auto refusal = transfer->engine_.options().address_policy->refusal(target, transfer->store_)) {
    transfer->refusal_ = std::move(refusal);
    return CURL_SOCKET_BAD;  // curl goes on with the next address of the name
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t CurlTransfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  if (transfer->response_.body.size() + size * count > transfer->engine_.options().body_bytes_max) {
    transfer->too_large_ = true;
    return 0;  // makes curl stop
  }
  transfer->response_.body.append(bytes, size * count);
  return size * count;
}

std::size_t CurlTransfer::on_field(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  std::string_view line(bytes, size * count);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) transfer->response_.fields.clear();  // a 1xx came before
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos && transfer->response_.fields.size() < base::kFieldsMax) {
    transfer->response_.fields.emplace(base::to_lower(line.substr(0, colon)),
                                       base::trim(line.substr(colon + 1)));
  }
  return size * count;
}

}  // namespace cardea::http
