// A connected byte stream: TCP or Unix socket, plain or behind a codec (TLS).
//
// It owns its buffers. Reading: whatever comes is received into the input buffer, up to its limit, also while
// the owner does other things, so that a peer that goes away is noticed at once. Writing: bytes are queued
// and flush() sends them with one direct ::send; only when the socket is full does it wait for the poller.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include "base/buffer.h"
#include "base/error.h"
#include "net/event_loop.h"
#include "net/patience.h"
#include "net/stream_codec.h"

namespace cardea::net {

class StreamCore;

// Move-only owner; destroying it closes the socket at once. Loop thread only. One reader and one writer at a
// time.
class Stream {
 public:
  using Duration = std::chrono::milliseconds;

  Stream();
  // `socket` is connected and non-blocking. `peer` is the source that errors of this stream name.
  Stream(EventLoop& loop, FileDescriptor socket, base::ErrorSource peer);
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream();

  // Plaintext that came and was not consumed yet. Consume from it; never append to it.
  [[nodiscard]] base::Buffer& input();
  // True once the peer ended its direction and no more input will come (what is in input() is still there).
  // False while received bytes wait for room in input() to be decoded: the next read() brings them.
  [[nodiscard]] bool ended() const;
  // True if bytes came that were not consumed yet: in input(), or still to be decoded.
  [[nodiscard]] bool has_unread() const;
  // Of a peer that has ended: true if its connection ended without the codec's goodbye (close_notify).
  // Anybody on the way can do that, so what came may be a part only. Never without a codec.
  [[nodiscard]] bool cut_short() const;

  class ReadAwaiter;
  class FlushAwaiter;
  // Waits until input() may have grown (true) or the peer ended (false); may return true without new bytes,
  // so callers loop. Error: timeout after `limit`, closed (reset), protocol (from the codec), cancelled
  // (close()).
  [[nodiscard]] ReadAwaiter read(Duration limit);
  // Queues bytes for the peer. Small pieces are encoded and sent together at flush(). Large ones are encoded
  // at once or, without a codec, sent at once as far as the socket takes them: that saves a copy.
  base::Status write(std::string_view bytes);
  // The queue itself, to format into it without a copy. Loop: append, then flush().
  [[nodiscard]] base::Buffer& output();
  // Bytes that were queued and not yet taken by the socket.
  [[nodiscard]] std::size_t queued() const;
  // Sends what is queued. Error: timeout when the peer has taken nothing for `limit`, or for so long less
  // than `rate` that its Patience is over; closed, protocol, cancelled.
  [[nodiscard]] FlushAwaiter flush(Duration limit, RateMin rate = RateMin::none);

  // Sends what is queued without waiting for it: the rest follows when the socket has room. For a word in
  // between while another coroutine may be flushing. Error: closed, protocol, cancelled.
  base::Status send_now();

  // Puts a codec between the wire and input()/output(). Bytes that were received already go through it.
  base::Status set_codec(std::unique_ptr<StreamCodec> codec);
  [[nodiscard]] StreamCodec* codec() const;

  // Calls `on_gone` once if the peer ends or resets while nobody is reading; an empty function stops
  // watching. It is called from the poller and may close or destroy anything. It does not wait for input that
  // is still to be consumed, here or in the kernel.
  void watch(std::function<void()> on_gone);
  // Queues the codec's goodbye (close_notify) behind what is queued, so that it leaves with it. Nothing can
  // be written after it; end_output() is still to follow.
  base::Status queue_end();
  // Ends our direction after what is queued was handed to the socket (best effort): close_notify and FIN.
  void end_output();
  // Ends both directions now. A waiting read or flush returns cancelled.
  void close();
  // The same, and the peer sees a reset instead of an orderly end. What it has not received yet is lost.
  void reset();
  [[nodiscard]] bool is_open() const;
  // Gives unused buffer memory back; called before long waits.
  void release_buffers();
  // For a stream of long silences (events, a tunnel): its codec keeps no buffer between two pieces.
  void spare_memory();

 private:
  boost::intrusive_ptr<StreamCore> core_;
};

}  // namespace cardea::net

#include "net/stream_core.h"
