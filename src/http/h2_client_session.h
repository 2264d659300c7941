// The client's side of one HTTP/2 connection (RFC 9113), on nghttp2: bytes in, bytes out. Pure: knows no
// socket and no clock. One request at a time; server push is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "base/buffer.h"
#include "base/error.h"
#include "http/fields.h"
#include "http/h2_fields.h"
#include "http/message.h"

namespace cardea::http {

// For a request: start(), then write_body()… and end_body() if it has a body, each followed by send(); for
// its response receive() until it has ended. Then the next one, if can_start().
class H2ClientSession {
 public:
  enum class Body : std::uint8_t { none, follows };
  enum class Event : std::uint8_t {
    none,  // more input is needed, or the response has ended
    head,  // head() has the next head: interim ones, then the final one
    body,  // body() has a piece
  };

  H2ClientSession();
  H2ClientSession(const H2ClientSession&) = delete;
  H2ClientSession& operator=(const H2ClientSession&) = delete;
  ~H2ClientSession();

  // Whether another request may be started: the last one is over, and the server takes more.
  [[nodiscard]] bool can_start() const;
  // Error: closed, retryable (this connection takes no more requests).
  base::Status start(const H2Fields& head, Method method, Body body);
  // Copies the piece. What the server's windows do not take waits here: see unsent().
  void write_body(std::string_view piece);
  // The last piece, which may be empty.
  void end_body(std::string_view piece, const FieldList& trailers);
  // Bytes of the body that were not given out by send() yet. The caller keeps it small.
  [[nodiscard]] std::size_t unsent() const { return body_out_.size(); }

  // Appends frames that are to be sent, until `output` holds kStreamBufferBytesMax.
  void send(base::Buffer& output);

  // Takes frames out of `input` until one has something of the response, and sends what they ask for. Says by
  // this call that the last piece of body was taken: the server may send as much again. Error, for good:
  // closed and retryable: the server says that it did nothing for this request (REFUSED_STREAM, GOAWAY);
  // rejected: it broke the response off; protocol: the response is malformed, or its head has more than
  // kHeadBytesMax or kFieldsMax.
  [[nodiscard]] base::Result<Event> receive(base::Buffer& input, base::Buffer& output);
  // The same between two requests. False: the connection is of no more use.
  [[nodiscard]] bool receive_idle(base::Buffer& input, base::Buffer& output);

  // Whether something of the response came.
  [[nodiscard]] bool begun() const { return begun_; }
  // Whether the response came to its end; head(), body() and trailers() may still be used.
  [[nodiscard]] bool ended() const { return ended_; }
  // The head of Event::head; views, good until receive() or start(). A body without Content-Length counts as
  // chunked. Error: protocol.
  base::Status head(ResponseHead& head) const;
  // A view into the input of receive(), good until that buffer is prepared again.
  [[nodiscard]] std::string_view body() const { return piece_; }
  // Views, good until start().
  [[nodiscard]] FieldList trailers() const;

 private:
  struct Callbacks;
  struct Deleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  // Takes a frame or what is here of it; false: there is nothing to take.
  bool step(base::Buffer& input);
  void consume_piece();
  // Of the head that is being received: 0, or what has nghttp2 reset the stream.
  int take_status(std::string_view value);
  int add_field(std::string_view name, std::string_view value);
  [[nodiscard]] bool works() const { return !broken_ && nghttp2_session_want_read(session_.get()) != 0; }
  [[nodiscard]] bool is_ours(std::int32_t stream_id) const { return stream_id == stream_id_; }
  [[nodiscard]] base::Error reset_error(std::uint32_t code) const;
  base::Status submit(const H2Fields& head, Body body);
  std::span<const nghttp2_nv> to_nghttp2(const H2Fields& fields);

  std::unique_ptr<nghttp2_session, Deleter> session_;
  std::size_t frame_bytes_left_ = 0;  // of the frame that is being received
  bool broken_ = false;               // nghttp2 has given the connection up
  std::vector<nghttp2_nv> fields_out_;

  // The request.
  std::int32_t stream_id_ = 0;  // 0: none yet
  Method method_ = Method::other;
  base::Buffer body_out_;
  bool body_ends_ = false;      // nothing follows what is in body_out_
  bool body_deferred_ = false;  // nghttp2 waits for more of it
  H2Fields trailers_out_;

  // Its response.
  bool begun_ = false;
  bool final_ = false;  // the final head came
  bool head_ready_ = false;
  bool trailers_came_ = false;
  bool ended_ = false;
  bool closed_ = false;  // nghttp2 has forgotten the stream: both sides have ended, or one has reset it
  bool reset_by_server_ = false;
  std::optional<base::Error> failure_;
  std::string_view fault_;  // what is wrong with the response; static text
  int status_ = 0;
  H2Fields received_;  // the last head, or the trailers
  std::string_view piece_;
  std::size_t unconsumed_ = 0;
};

}  // namespace cardea::http
