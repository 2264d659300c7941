#include "net/stream.h"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>

#include "base/check.h"
#include "base/limits.h"

namespace cardea::net {
namespace {

namespace asio = boost::asio;

// The first receive of a connection; a request or small response fits. It grows while reads fill it.
constexpr std::size_t kReceiveBytesFirst = 4096;
// Pieces from here on are encoded straight from the caller's memory instead of being collected first.
constexpr std::size_t kEncodeAtOnceBytes = 4096;

}  // namespace

StreamCore::StreamCore(EventLoop& loop, Stream::Socket socket, base::ErrorSource peer)
    : loop_(loop), socket_(std::move(socket)), peer_(peer), receive_bytes_(kReceiveBytesFirst) {}

std::unexpected<base::Error> StreamCore::failure(boost::system::error_code error,
                                                 std::string_view what) const {
  const bool cancelled = error == asio::error::operation_aborted;
  return std::unexpected(base::Error{cancelled ? base::ErrorCode::cancelled : base::ErrorCode::closed, peer_,
                                     false, std::string(what) + ": " + error.message()});
}

// --- reading ---

void StreamCore::start_receive() {
  if (receiving_ || ended_ || failure_ || !socket_.is_open()) return;
  if (input().size() >= base::kStreamBufferBytesMax) return;  // the consumer is behind: back-pressure
  const std::span<char> space = wire_in_.prepare(receive_bytes_);
  receive_space_ = space.size();
  receiving_ = true;
  socket_.async_receive(
      asio::buffer(space.data(), space.size()),
      [self = boost::intrusive_ptr<StreamCore>(this)](boost::system::error_code error, std::size_t bytes) {
        self->on_received(error, bytes);
      });
}

void StreamCore::on_received(boost::system::error_code error, std::size_t bytes) {
  receiving_ = false;
  if (!socket_.is_open()) return;  // close() woke the reader already
  if (error == asio::error::eof) {
    ended_ = true;
  } else if (error) {
    failure_ = failure(error, "receiving").error();
  } else {
    wire_in_.commit(bytes);
    // A full buffer says that more is waiting: take larger bites, up to what one direction may hold.
    if (bytes == receive_space_) receive_bytes_ = std::min(receive_bytes_ * 4, base::kStreamBufferBytesMax);
    if (codec_) {
      decode();
    } else {
      fresh_ = true;
    }
  }
  if (read_settled()) {
    wake_reader();
  } else if (reader_ || on_gone_) {
    start_receive();  // a part of a TLS record: nothing for the reader yet
  }
}

void StreamCore::decode() {
  const std::size_t before = plain_in_.size();
  auto decoded = codec_->decode(wire_in_, plain_in_, base::kStreamBufferBytesMax);
  if (plain_in_.size() > before) fresh_ = true;
  if (!decoded) {
    failure_ = decoded.error();
    failure_->source = peer_;
  } else if (*decoded == StreamCodec::Decoded::ended) {
    ended_ = true;
  }
}

void StreamCore::wake_reader() {
  if (reader_) {
    TimerWheel::clear(read_timer_);
    std::exchange(reader_, {}).resume();
    return;
  }
  if (!on_gone_) return;
  if (ended_ || failure_) {
    std::exchange(on_gone_, {})();
  } else {
    start_receive();
  }
}

void StreamCore::on_read_expired() {
  timed_out_ = true;
  if (reader_) std::exchange(reader_, {}).resume();
}

bool Stream::ReadAwaiter::await_ready() {
  if (core_->codec_ && !core_->fresh_ && !core_->failure_ &&
      (!core_->wire_in_.empty() || core_->codec_->has_pending())) {
    core_->decode();  // stopped earlier because the consumer was behind
  }
  return core_->read_settled();
}

void Stream::ReadAwaiter::await_suspend(std::coroutine_handle<> waiter) {
  CARDEA_CHECK(!core_->reader_, "two readers of one stream");
  suspended_ = true;
  core_->reader_ = waiter;
  core_->timed_out_ = false;
  core_->loop_.set_timer(core_->read_timer_, limit_);
  core_->start_receive();
  CARDEA_CHECK(core_->receiving_, "read() while the input buffer is full would wait for ever");
}

base::Result<bool> Stream::ReadAwaiter::await_resume() {
  suspended_ = false;
  if (std::exchange(core_->timed_out_, false)) {
    return std::unexpected(
        base::Error{base::ErrorCode::timeout, core_->peer_, false, "nothing came in time"});
  }
  if (std::exchange(core_->fresh_, false)) return true;
  if (core_->failure_) return std::unexpected(*core_->failure_);
  if (!core_->socket_.is_open()) {
    return std::unexpected(
        base::Error{base::ErrorCode::cancelled, core_->peer_, false, "the stream was closed"});
  }
  return false;
}

Stream::ReadAwaiter::~ReadAwaiter() {
  if (!suspended_) return;
  core_->reader_ = {};
  TimerWheel::clear(core_->read_timer_);
}

// --- writing ---

base::Status StreamCore::encode_queued() {
  if (!codec_ || plain_out_.empty()) return {};
  auto encoded = codec_->encode(plain_out_.view(), wire_out_);
  plain_out_.consume(plain_out_.size());
  return encoded;
}

base::Result<bool> StreamCore::send_queued() {
  while (!wire_out_.empty()) {
    const std::string_view bytes = wire_out_.view();
    const ssize_t sent =
        ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
      return failure({errno, boost::system::system_category()}, "sending");
    }
    wire_out_.consume(static_cast<std::size_t>(sent));
    // A short send filled the socket; asking again would only return EAGAIN.
    if (static_cast<std::size_t>(sent) < bytes.size()) return false;
  }
  return true;
}

void StreamCore::wait_writable() {
  loop_.set_timer(write_timer_, flush_limit_);
  if (awaiting_writable_) return;
  awaiting_writable_ = true;
  socket_.async_wait(Stream::Socket::wait_write,
                     [self = boost::intrusive_ptr<StreamCore>(this)](boost::system::error_code error) {
                       self->on_writable(error);
                     });
}

void StreamCore::on_writable(boost::system::error_code error) {
  awaiting_writable_ = false;
  if (!writer_ || !socket_.is_open()) return;
  if (error) return wake_writer(failure(error, "sending"));
  auto sent = send_queued();
  if (!sent) return wake_writer(std::unexpected(sent.error()));
  if (*sent) return wake_writer({});
  wait_writable();  // something moved: a new deadline
}

void StreamCore::on_write_expired() {
  wake_writer(
      std::unexpected(base::Error{base::ErrorCode::timeout, peer_, false, "the peer took no bytes in time"}));
}

void StreamCore::wake_writer(base::Status result) {
  if (!writer_) return;
  TimerWheel::clear(write_timer_);
  flush_result_ = std::move(result);
  std::exchange(writer_, {}).resume();
}

bool Stream::FlushAwaiter::await_ready() {
  if (!core_->socket_.is_open()) {
    result_ = std::unexpected(
        base::Error{base::ErrorCode::cancelled, core_->peer_, false, "the stream was closed"});
    return true;
  }
  result_ = core_->encode_queued();
  if (!result_) return true;
  auto sent = core_->send_queued();
  if (!sent) result_ = std::unexpected(sent.error());
  return !sent || *sent;
}

void Stream::FlushAwaiter::await_suspend(std::coroutine_handle<> waiter) {
  CARDEA_CHECK(!core_->writer_, "two writers of one stream");
  suspended_ = true;
  core_->writer_ = waiter;
  core_->flush_limit_ = limit_;
  core_->wait_writable();
}

base::Status Stream::FlushAwaiter::await_resume() {
  if (!suspended_) return std::move(result_);
  suspended_ = false;
  return std::move(core_->flush_result_);
}

Stream::FlushAwaiter::~FlushAwaiter() {
  if (!suspended_) return;
  core_->writer_ = {};
  TimerWheel::clear(core_->write_timer_);
}

// --- ending ---

void StreamCore::close() {
  if (!socket_.is_open()) return;
  boost::system::error_code ignored;
  socket_.close(ignored);
  on_gone_ = {};
  if (!reader_ && !writer_) return;
  // Not from here: the caller may be a coroutine that those who wait own, and would destroy.
  loop_.post([self = boost::intrusive_ptr<StreamCore>(this)] { self->wake_after_close(); });
}

void StreamCore::wake_after_close() {
  wake_writer(
      std::unexpected(base::Error{base::ErrorCode::cancelled, peer_, false, "the stream was closed"}));
  if (reader_) wake_reader();
}

// --- the owner ---

Stream::Stream() = default;
Stream::Stream(EventLoop& loop, Socket socket, base::ErrorSource peer)
    : core_(new StreamCore(loop, std::move(socket), peer)) {}
Stream::Stream(Stream&& other) noexcept = default;
Stream& Stream::operator=(Stream&& other) noexcept {
  if (this != &other) {
    if (core_) core_->close();
    core_ = std::move(other.core_);
  }
  return *this;
}
Stream::~Stream() {
  if (core_) core_->close();
}

base::Buffer& Stream::input() {
  return core_->input();
}
base::Buffer& Stream::output() {
  return core_->output();
}
bool Stream::ended() const {
  return core_->ended_;
}
bool Stream::is_open() const {
  return core_ && core_->socket_.is_open();
}
std::size_t Stream::queued() const {
  return core_->wire_out_.size() + core_->plain_out_.size();
}
StreamCodec* Stream::codec() const {
  return core_->codec_.get();
}
int Stream::native_handle() const {
  return core_->socket_.native_handle();
}
void Stream::close() {
  core_->close();
}

Stream::ReadAwaiter Stream::read(Duration limit) {
  return {*core_, limit};
}
Stream::FlushAwaiter Stream::flush(Duration limit) {
  return {*core_, limit};
}

base::Status Stream::write(std::string_view bytes) {
  if (!core_->codec_ || bytes.size() < kEncodeAtOnceBytes) {
    core_->output().append(bytes);
    return {};
  }
  auto encoded = core_->encode_queued();
  if (!encoded) return encoded;
  return core_->codec_->encode(bytes, core_->wire_out_);
}

base::Status Stream::set_codec(std::unique_ptr<StreamCodec> codec) {
  CARDEA_CHECK(!core_->receiving_, "set_codec() while a receive is under way");
  core_->codec_ = std::move(codec);
  core_->fresh_ = false;
  if (!core_->wire_in_.empty() || core_->codec_->has_pending()) core_->decode();
  if (core_->failure_) return std::unexpected(*core_->failure_);
  return {};
}

void Stream::watch(std::function<void()> on_gone) {
  core_->on_gone_ = std::move(on_gone);
  if (core_->on_gone_) core_->start_receive();
}

void Stream::end_output() {
  if (!is_open()) return;
  if (core_->encode_queued() && core_->codec_) core_->codec_->encode_end(core_->wire_out_);
  static_cast<void>(core_->send_queued());
  boost::system::error_code ignored;
  core_->socket_.shutdown(Socket::shutdown_send, ignored);
}

void Stream::release_buffers() {
  if (!core_->receiving_) core_->wire_in_.release();
  core_->wire_out_.release();
  core_->plain_in_.release();
  core_->plain_out_.release();
}

}  // namespace cardea::net
