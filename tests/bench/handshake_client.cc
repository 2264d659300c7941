// Load generator of the handshake cases: opens TLS 1.3 connections one after the other in a few threads,
// sends one GET with `Connection: close` on each and reads the answer to its end.
//
// It exists because neither `openssl s_time` nor h2load checks the status of every answer and proves that a
// connection was (or was not) resumed. It does not verify the certificate: the benchmark verifies it once
// before the load starts, and doing it here would only burn the load generator's core.
//
// Protocol with the script: after one connection per thread it prints "ready" and waits for a line on stdin,
// so that the first full handshakes of the resumed case stay outside the measured window. Then it runs and
// prints one line of JSON. Exit code 0: it ran (failures are in the JSON); 2: wrong arguments or no TLS
// context.

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kArgumentCount = 8;
constexpr int kThreadsMax = 256;
constexpr std::chrono::seconds kSocketTimeout{10};
constexpr std::size_t kAnswerBytesMax = 64 * 1024;

struct Options {
  int port = 0;
  std::string host;
  int connections = 0;
  int threads = 0;
  bool resume = false;
  std::chrono::seconds deadline{0};
  int per_second = 0;
};

struct Totals {
  std::atomic<int> started{0};
  std::atomic<int> succeeded{0};
  std::atomic<int> failed{0};
  std::atomic<int> resumed{0};
  std::atomic<int> tickets{0};
  std::atomic_flag error_taken;
  std::string first_error;  // written once, by the thread that set error_taken; read after the threads joined
};

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct ConnectionDeleter {
  void operator()(SSL* connection) const { SSL_free(connection); }
};
struct SessionDeleter {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Context = std::unique_ptr<SSL_CTX, ContextDeleter>;
using Session = std::unique_ptr<SSL_SESSION, SessionDeleter>;

// What one thread keeps from connection to connection. The ticket callback finds it through SSL_set_app_data.
struct ThreadState {
  Session session;
  int tickets = 0;
};

// Owns a socket descriptor.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

int keep_session(SSL* connection, SSL_SESSION* session) {
  auto* state = static_cast<ThreadState*>(SSL_get_app_data(connection));
  ++state->tickets;
  state->session.reset(session);
  return 1;  // the reference is ours now
}

// Replaces the whole chain building, which costs OpenSSL 3.0 as much as the rest of the handshake.
int accept_any_chain(X509_STORE_CTX* /*chain*/, void* /*unused*/) {
  return 1;
}

Context make_context() {
  Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) return nullptr;
  const bool pinned = SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) == 1 &&
                      SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256") == 1 &&
                      SSL_CTX_set1_groups_list(context.get(), "X25519") == 1;
  if (!pinned) return nullptr;
  SSL_CTX_set_cert_verify_callback(context.get(), accept_any_chain, nullptr);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), keep_session);
  // A server may close without close_notify; whether the answer is whole is decided by its Content-Length.
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  return context;
}

// Connects to 127.0.0.1:port; the descriptor is -1 on failure.
int dial(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  const timeval timeout{.tv_sec = kSocketTimeout.count(), .tv_usec = 0};
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr generic{};
  static_assert(sizeof generic == sizeof address);
  __builtin_memcpy(&generic, &address, sizeof address);
  if (connect(descriptor, &generic, sizeof generic) == 0) return descriptor;
  close(descriptor);
  return -1;
}

// The complaint about an answer, or an empty string when it is a whole 200.
std::string check_answer(std::string_view answer) {
  if (!answer.starts_with("HTTP/1.1 200 ")) return "status line: " + std::string(answer.substr(0, 40));
  const std::size_t head_end = answer.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return "the answer's header is cut off";
  std::string head(answer.substr(0, head_end));
  for (char& character : head) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  }
  constexpr std::string_view kField = "\r\ncontent-length: ";
  const std::size_t field = head.find(kField);
  if (field == std::string::npos) return "the answer has no Content-Length";
  std::size_t length = 0;
  std::from_chars(head.data() + field + kField.size(), head.data() + head.size(), length);
  const std::size_t received = answer.size() - head_end - 4;
  if (received == length) return {};
  return "body of " + std::to_string(received) + " bytes instead of " + std::to_string(length);
}

std::string read_to_end(SSL* connection) {
  std::string answer;
  std::array<char, 4096> chunk{};
  while (answer.size() < kAnswerBytesMax) {
    const int count = SSL_read(connection, chunk.data(), static_cast<int>(chunk.size()));
    if (count <= 0) break;
    answer.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return answer;
}

// One connection with one request. Returns the complaint, or an empty string on success.
std::string run_connection(SSL_CTX* context, const Options& options, ThreadState& state, Totals& totals) {
  const Socket socket(dial(options.port));
  if (socket.get() < 0) return "connect failed";
  const std::unique_ptr<SSL, ConnectionDeleter> connection(SSL_new(context));
  if (!connection) return "SSL_new failed";
  SSL_set_fd(connection.get(), socket.get());
  SSL_set_app_data(connection.get(), &state);
  SSL_set_tlsext_host_name(connection.get(), options.host.c_str());
  if (options.resume && state.session) SSL_set_session(connection.get(), state.session.get());
  ERR_clear_error();
  if (SSL_connect(connection.get()) != 1) {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    return std::string("handshake: ") + text.data();
  }
  if (SSL_session_reused(connection.get()) == 1) ++totals.resumed;
  const std::string request = "GET / HTTP/1.1\r\nHost: " + options.host + "\r\nConnection: close\r\n\r\n";
  if (SSL_write(connection.get(), request.data(), static_cast<int>(request.size())) <= 0)
    return "write failed";
  const std::string answer = read_to_end(connection.get());
  // Without this OpenSSL takes the connection as broken and marks its newest ticket as not resumable.
  SSL_set_shutdown(connection.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  return check_answer(answer);
}

void record(Totals& totals, const std::string& complaint) {
  if (complaint.empty()) {
    ++totals.succeeded;
    return;
  }
  ++totals.failed;
  if (!totals.error_taken.test_and_set()) totals.first_error = complaint;
}

// Connection number n begins n / rate after the start, however long the others take: a slow server gets no
// less load for it, as long as there are threads.
void run_thread(SSL_CTX* context, const Options& options, ThreadState& state, Totals& totals,
                Clock::time_point start) {
  const Clock::time_point end = start + options.deadline;
  for (;;) {
    const int number = totals.started.fetch_add(1);
    if (number >= options.connections) return;
    std::this_thread::sleep_until(start +
                                  std::chrono::nanoseconds(1'000'000'000LL * number / options.per_second));
    if (Clock::now() >= end) return;
    record(totals, run_connection(context, options, state, totals));
  }
}

// Runs `options.connections` connections over all threads; every state belongs to one thread.
void run_all(SSL_CTX* context, const Options& options, std::vector<ThreadState>& states, Totals& totals) {
  const Clock::time_point start = Clock::now();
  std::vector<std::jthread> threads;
  threads.reserve(states.size());
  for (ThreadState& state : states) {
    threads.emplace_back([&, start] { run_thread(context, options, state, totals, start); });
  }
}

bool parse_number(std::string_view text, int& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value > 0;
}

bool parse_options(int argc, char** argv, Options& options) {
  if (argc != kArgumentCount) return false;
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  int seconds = 0;
  options.host = words[1];
  options.resume = words[4] == "resume";
  const bool valid = parse_number(words[0], options.port) && parse_number(words[2], options.connections) &&
                     parse_number(words[3], options.threads) && parse_number(words[5], seconds) &&
                     parse_number(words[6], options.per_second) && (options.resume || words[4] == "full") &&
                     options.threads <= kThreadsMax;
  options.deadline = std::chrono::seconds(seconds);
  return valid;
}

std::string json_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char character : text) {
    if (character == '"' || character == '\\') quoted += '\\';
    quoted += character < ' ' || character > '~' ? ' ' : character;
  }
  return quoted + '"';
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse_options(argc, argv, options)) {
    std::fputs(
        "usage: handshake_client PORT HOST CONNECTIONS THREADS full|resume DEADLINE_SECONDS "
        "CONNECTIONS_PER_SECOND\n",
        stderr);
    return 2;
  }
  const Context context = make_context();
  if (!context) return 2;
  std::signal(SIGPIPE, SIG_IGN);  // a proxy that hangs up is a counted failure, not our death
  std::vector<ThreadState> states(static_cast<std::size_t>(options.threads));

  Totals first;
  for (ThreadState& state : states) record(first, run_connection(context.get(), options, state, first));
  for (ThreadState& state : states) state.tickets = 0;
  std::puts("ready");
  std::fflush(stdout);
  if (std::getchar() == EOF) return 2;

  Totals totals;
  const Clock::time_point start = Clock::now();
  run_all(context.get(), options, states, totals);
  const std::chrono::duration<double> elapsed = Clock::now() - start;
  for (const ThreadState& state : states) totals.tickets += state.tickets;
  const std::string& error = first.first_error.empty() ? totals.first_error : first.first_error;
  std::printf(
      "{\"succeeded\":%d,\"failed\":%d,\"resumed\":%d,\"tickets\":%d,\"seconds\":%.6f,\"error\":%s}\n",
      totals.succeeded.load(), totals.failed.load() + first.failed.load(), totals.resumed.load(),
      totals.tickets.load(), elapsed.count(), json_string(error).c_str());
  return 0;
}
