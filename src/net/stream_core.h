// The state behind net::Stream, kept alive by whoever is waiting on it. Nobody but Stream uses it.
#pragma once

#include <optional>
#include <utility>

#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "net/stream.h"

namespace cardea::net {

class StreamCore final : public boost::intrusive_ref_counter<StreamCore, boost::thread_unsafe_counter>,
                         private Poller::Watcher {
 public:
  StreamCore(EventLoop& loop, FileDescriptor socket, base::ErrorSource peer);
  ~StreamCore() override { close(); }

 private:
  friend class Stream;
  friend class Stream::ReadAwaiter;
  friend class Stream::FlushAwaiter;

  // Expires into a member function of the core.
  class DeadlineTimer : public TimerWheel::Timer {
   public:
    DeadlineTimer(StreamCore& core, void (StreamCore::*expired)()) : core_(core), expired_(expired) {}

   private:
    void on_expired() override { (core_.*expired_)(); }
    StreamCore& core_;
    void (StreamCore::*expired_)();
  };

  [[nodiscard]] base::Buffer& input() { return codec_ ? plain_in_ : wire_in_; }
  [[nodiscard]] base::Buffer& output() { return codec_ ? plain_out_ : wire_out_; }
  [[nodiscard]] bool read_settled() const {
    return fresh_ || ended_ || failure_ != nullptr || !socket_.is_open();
  }

  void on_ready(std::uint32_t events) override;
  // Tells the poller what this stream can use now: input while there is room for it, room while output waits.
  void update_interest();
  [[nodiscard]] std::uint32_t wanted_input() const;
  [[nodiscard]] bool can_receive() const;

  void receive();
  void decode();
  void wake_reader();
  void on_read_expired();

  base::Status encode_queued();
  // True when everything left; false when the socket is full; an error otherwise.
  base::Result<bool> send_queued();
  // Sends what is queued and `bytes` behind it; the socket's remainder is queued.
  void send_or_queue(std::string_view bytes);
  void on_writable();
  void set_write_timer();
  void on_write_expired();
  void wake_writer(base::Status result);

  void close();
  void wake_after_close();
  [[nodiscard]] base::Error make_failure(int error, std::string_view what) const;
  [[nodiscard]] base::Error closed() const;

  EventLoop& loop_;
  FileDescriptor socket_;
  base::ErrorSource peer_;
  std::unique_ptr<StreamCodec> codec_;
  base::Buffer wire_in_, wire_out_, plain_in_, plain_out_;

  std::uint32_t interest_ = 0;  // what the poller watches for; 0: nothing, it does not know this stream
  bool fresh_ = false;          // input grew since the last read()
  bool ended_ = false;
  bool left_ = false;          // the same, seen while there was no room to receive what came before it
  bool behind_ = false;        // decoding stopped because the consumer was behind
  bool cut_short_ = false;     // ended without the codec's goodbye
  bool end_queued_ = false;    // our goodbye is in wire_out_, or gone
  bool timed_out_ = false;     // the waiting read's deadline passed
  std::size_t receive_bytes_;  // how much the next receive asks for
  std::unique_ptr<base::Error> failure_;  // null: none
  std::coroutine_handle<> reader_;
  DeadlineTimer read_timer_{*this, &StreamCore::on_read_expired};
  std::function<void()> on_gone_;

  bool sends_rest_ = false;                   // of what send_now() could not send
  std::uint64_t sent_ = 0;                    // bytes that the socket has ever taken
  Stream::FlushAwaiter* flushing_ = nullptr;  // while it waits
  DeadlineTimer write_timer_{*this, &StreamCore::on_write_expired};
};

class Stream::ReadAwaiter {
 public:
  ReadAwaiter(StreamCore& core, Duration limit) : core_(&core), limit_(limit) {}
  ReadAwaiter(const ReadAwaiter&) = delete;
  ReadAwaiter& operator=(const ReadAwaiter&) = delete;
  ~ReadAwaiter();
  [[nodiscard]] bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter);
  [[nodiscard]] base::Result<bool> await_resume();

 private:
  boost::intrusive_ptr<StreamCore> core_;
  Duration limit_;
  bool suspended_ = false;
};

class Stream::FlushAwaiter {
 public:
  FlushAwaiter(StreamCore& core, Patience patience) : core_(&core), patience_(patience) {}
  FlushAwaiter(const FlushAwaiter&) = delete;
  FlushAwaiter& operator=(const FlushAwaiter&) = delete;
  ~FlushAwaiter();
  [[nodiscard]] bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter);
  [[nodiscard]] base::Status await_resume();

 private:
  friend class StreamCore;
  // Takes what the peer has taken meanwhile off the patience that is left for it.
  void look();
  // Bytes that the peer has taken since the last look, or since the wait began.
  std::uint64_t count_taken();

  boost::intrusive_ptr<StreamCore> core_;
  Patience patience_;
  // The last look was at waited_since_, and the peer had taken counted_ of all that was ever sent then.
  Clock::time_point waited_since_;
  std::uint64_t counted_ = 0;
  bool has_looked_ = false;
  std::coroutine_handle<> waiter_;  // while it waits
  base::Status result_;
};

}  // namespace cardea::net
