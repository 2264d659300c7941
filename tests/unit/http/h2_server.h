// A real HTTP/2 server on nghttp2 for the other end of a H2ClientSession: bytes in, bytes out. The test says
// what it answers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "base/buffer.h"

namespace cardea::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

class H2Server {
 public:
  struct Request {
    Fields head;
    std::string body;
    Fields trailers;
    bool head_complete = false;
    bool ended = false;
    std::int64_t reset = -1;  // the error code with which the client reset it
  };
  // What follows the bytes of body().
  enum class Then : std::uint8_t { end, trailers, more };

  H2Server();
  H2Server(const H2Server&) = delete;
  H2Server& operator=(const H2Server&) = delete;
  ~H2Server() { nghttp2_session_del(session_); }

  void receive(base::Buffer& bytes);
  void send(base::Buffer& to);

  // The last request. Streams of a client are 1, 3, 5, …
  Request& request() { return requests_.rbegin()->second; }
  [[nodiscard]] std::int32_t stream() const { return requests_.rbegin()->first; }
  [[nodiscard]] std::size_t requests() const { return requests_.size(); }
  // The client's, by their numbers.
  [[nodiscard]] const std::map<int, std::uint32_t>& settings() const { return settings_; }
  [[nodiscard]] int pings_answered() const { return pings_answered_; }

  // HEADERS, as they are; with END_STREAM in `flags` the response ends.
  void head(const Fields& fields, std::uint8_t flags = 0);
  // DATA, as far as the client's windows go.
  void body(std::string body, Then then, Fields trailers = {});
  // The same after a body() with Then::more.
  void go_on(std::string body, Then then);
  // Takes `bytes` of the request's body: the client may send as many more.
  void take(std::size_t bytes);
  void reset(std::uint32_t code);
  void ping();
  // SETTINGS_MAX_CONCURRENT_STREAMS.
  void allow_streams(std::uint32_t count);
  void goaway(std::int32_t last_stream, std::uint32_t code);

 private:
  struct Callbacks;

  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Request> requests_;
  std::map<int, std::uint32_t> settings_;
  int pings_answered_ = 0;
  std::string pending_;
  Then then_ = Then::end;
  Fields trailers_;
};

}  // namespace cardea::http
