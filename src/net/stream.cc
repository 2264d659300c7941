#include "net/stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/check.h"
#include "base/limits.h"

namespace cardea::net {
namespace {

// The first receive of a connection; a request or small response fits. It grows while reads fill it.
constexpr std::size_t kReceiveBytesFirst = 4096;
// Pieces from here on are encoded or sent straight from the caller's memory instead of being collected first.
constexpr std::size_t kWriteAtOnceBytes = 4096;

constexpr std::uint32_t kInputEvents = EPOLLIN | EPOLLRDHUP;

}  // namespace

StreamCore::StreamCore(EventLoop& loop, FileDescriptor socket, base::ErrorSource peer)
    : loop_(loop), socket_(std::move(socket)), peer_(peer), receive_bytes_(kReceiveBytesFirst) {
  update_interest();
}

base::Error StreamCore::make_failure(int error, std::string_view what) const {
  return {base::ErrorCode::closed, peer_, false,
          std::string(what) + ": " + std::generic_category().message(error)};
}

base::Error StreamCore::closed() const {
  return {base::ErrorCode::cancelled, peer_, false, "the stream was closed"};
}

void StreamCore::on_ready(std::uint32_t events) {
  // Whoever is woken may drop the last owner.
  const boost::intrusive_ptr<StreamCore> self(this);
  constexpr std::uint32_t kTrouble = EPOLLERR | EPOLLHUP;
  if ((events & (kInputEvents | kTrouble)) != 0) {
    // Interest is given up only when it is seen to be in vain: a consumer that keeps up costs no system call
    // for it.
    if (can_receive()) {
      receive();
    } else {
      if ((events & (EPOLLRDHUP | kTrouble)) != 0) left_ = true;
      update_interest();
      if (left_ && !reader_) wake_reader();
    }
  }
  if ((events & (EPOLLOUT | kTrouble)) != 0 && socket_.is_open()) on_writable();
}

bool StreamCore::can_receive() const {
  if (ended_ || failure_ || !socket_.is_open()) return false;
  // The consumer is behind: back-pressure, by leaving the bytes with the kernel.
  return wire_in_.size() < base::kStreamBufferBytesMax && plain_in_.size() < base::kStreamBufferBytesMax;
}

std::uint32_t StreamCore::wanted_input() const {
  if (can_receive()) return kInputEvents;
  // What waits in the kernel is left there, but who watches is told at once when the peer has gone.
  const bool watches = on_gone_ && !left_ && !ended_ && !failure_ && socket_.is_open();
  return watches ? std::uint32_t{EPOLLRDHUP} : 0U;
}

void StreamCore::update_interest() {
  if (!socket_.is_open()) return;
  const bool waits_for_room = flushing_ != nullptr || sends_rest_;
  const std::uint32_t wanted = wanted_input() | (waits_for_room ? std::uint32_t{EPOLLOUT} : 0U);
  if (wanted == interest_) return;
  // Not merely an empty set: hang-ups are always reported, again and again.
  if (wanted == 0) {
    loop_.poller().remove(socket_.get(), *this);
  } else if (interest_ == 0) {
    loop_.poller().add(socket_.get(), wanted, *this);
  } else {
    loop_.poller().change(socket_.get(), wanted, *this);
  }
  interest_ = wanted;
}

// --- reading ---

void StreamCore::receive() {
  // Never more than asked for, even if the buffer has room: pieces that fit into the CPU's cache are cheaper
  // to encrypt.
  const std::span<char> space = wire_in_.prepare(receive_bytes_).first(receive_bytes_);
  const ssize_t received = ::recv(socket_.get(), space.data(), space.size(), MSG_DONTWAIT);
  if (received < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return;
    failure_ = std::make_unique<base::Error>(make_failure(errno, "receiving"));
  } else if (received == 0) {
    ended_ = true;
    cut_short_ = codec_ != nullptr;  // until its goodbye is found in what is still to be decoded
  } else {
    const auto bytes = static_cast<std::size_t>(received);
    wire_in_.commit(bytes);
    // A full buffer says that more is waiting: take larger bites, up to what one direction may hold.
    if (bytes == space.size()) receive_bytes_ = std::min(receive_bytes_ * 4, base::kStreamBufferBytesMax);
    if (codec_) {
      decode();
    } else {
      fresh_ = true;
    }
  }
  if (read_settled()) wake_reader();
  // After the reader, which most often closes the socket: that needs no system call for the poller.
  if ((ended_ || failure_) && socket_.is_open()) update_interest();
}

void StreamCore::decode() {
  const std::size_t before = plain_in_.size();
  auto decoded = codec_->decode(wire_in_, plain_in_, base::kStreamBufferBytesMax);
  if (plain_in_.size() > before) fresh_ = true;
  behind_ = decoded && *decoded == StreamCodec::Decoded::more &&
            plain_in_.size() >= base::kStreamBufferBytesMax && (!wire_in_.empty() || codec_->has_pending());
  if (!decoded) {
    failure_ = std::make_unique<base::Error>(decoded.error());
    failure_->source = peer_;
  } else if (*decoded == StreamCodec::Decoded::ended) {
    ended_ = true;
    cut_short_ = false;  // the end of the connection may have been seen first, while the consumer was behind
  }
}

void StreamCore::wake_reader() {
  if (reader_) {
    TimerWheel::clear(read_timer_);
    std::exchange(reader_, {}).resume();
  } else if (on_gone_ && (ended_ || failure_ || left_)) {
    std::exchange(on_gone_, {})();
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
  CARDEA_CHECK(core_->can_receive(), "read() while the input buffer is full would wait for ever");
  suspended_ = true;
  core_->reader_ = waiter;
  core_->timed_out_ = false;
  core_->loop_.set_timer(core_->read_timer_, limit_);
  core_->update_interest();
}

base::Result<bool> Stream::ReadAwaiter::await_resume() {
  suspended_ = false;
  if (std::exchange(core_->timed_out_, false)) {
    return std::unexpected(
        base::Error{base::ErrorCode::timeout, core_->peer_, false, "nothing came in time"});
  }
  if (std::exchange(core_->fresh_, false)) return true;
  if (core_->failure_) return std::unexpected(*core_->failure_);
  if (!core_->socket_.is_open()) return std::unexpected(core_->closed());
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
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
      return std::unexpected(make_failure(errno, "sending"));
    }
    wire_out_.consume(static_cast<std::size_t>(sent));
    sent_ += static_cast<std::uint64_t>(sent);
    // A short send filled the socket; asking again would only return EAGAIN.
    if (static_cast<std::size_t>(sent) < bytes.size()) return false;
  }
  return true;
}

void StreamCore::send_or_queue(std::string_view bytes) {
  const std::string_view queued = wire_out_.view();
  std::array<iovec, 2> parts = {
      {{const_cast<char*>(queued.data()), queued.size()}, {const_cast<char*>(bytes.data()), bytes.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  // Not past somebody who waits for room: there is none.
  const bool may_send = flushing_ == nullptr && !sends_rest_ && socket_.is_open();
  const ssize_t result = may_send ? ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) : -1;
  // The next flush() meets the error again, and waits if the socket is only full.
  const std::size_t sent = result < 0 ? 0 : static_cast<std::size_t>(result);
  sent_ += sent;
  const std::size_t of_queued = std::min(sent, queued.size());
  wire_out_.consume(of_queued);
  wire_out_.append(bytes.substr(sent - of_queued));
}

void StreamCore::on_writable() {
  if (flushing_ == nullptr && !sends_rest_) return update_interest();
  auto sent = send_queued();
  if (sent && !*sent) return;
  sends_rest_ = false;  // after an error, too: the next read meets it
  if (flushing_ == nullptr) return update_interest();
  wake_writer(sent ? base::Status{} : std::unexpected(sent.error()));
}

void StreamCore::set_write_timer() {
  loop_.set_timer(write_timer_,
                  std::min(flushing_->patience_.left(), Stream::Duration(base::kFlushCheckInterval)));
}

void StreamCore::on_write_expired() {
  if (flushing_ == nullptr) return;
  flushing_->look();
  if (!flushing_->patience_.is_over()) return set_write_timer();
  wake_writer(
      std::unexpected(base::Error{base::ErrorCode::timeout, peer_, false, "the peer took no bytes in time"}));
}

void StreamCore::wake_writer(base::Status result) {
  if (flushing_ == nullptr) return;
  TimerWheel::clear(write_timer_);
  Stream::FlushAwaiter& woken = *std::exchange(flushing_, nullptr);
  woken.result_ = std::move(result);
  std::exchange(woken.waiter_, {}).resume();
}

bool Stream::FlushAwaiter::await_ready() {
  if (!core_->socket_.is_open()) {
    result_ = std::unexpected(core_->closed());
    return true;
  }
  result_ = core_->encode_queued();
  if (!result_) return true;
  auto sent = core_->send_queued();
  if (!sent) result_ = std::unexpected(sent.error());
  return !sent || *sent;
}

void Stream::FlushAwaiter::await_suspend(std::coroutine_handle<> waiter) {
  CARDEA_CHECK(core_->flushing_ == nullptr, "two writers of one stream");
  waiter_ = waiter;
  waited_since_ = EventLoop::now();
  counted_ = core_->sent_;
  core_->flushing_ = this;
  core_->set_write_timer();
  core_->update_interest();
}

void Stream::FlushAwaiter::look() {
  const Clock::time_point time = EventLoop::now();
  patience_.note(time - std::exchange(waited_since_, time), count_taken());
}

// Not by the room in the socket: its buffer may hold megabytes, and has room again only after a third of them
// was taken, for which a slow client needs minutes.
std::uint64_t Stream::FlushAwaiter::count_taken() {
  int untaken = 0;
  // Fails for what is neither TCP nor a Unix socket; then what the socket took counts.
  static_cast<void>(::ioctl(core_->socket_.get(), SIOCOUTQ, &untaken));
  const std::uint64_t sent = core_->sent_;
  const std::uint64_t taken = sent - std::min(sent, static_cast<std::uint64_t>(untaken));
  // The first look has none to compare with, which would cost every wait a system call. What the socket took
  // meanwhile the peer has taken at least.
  const std::uint64_t reached = std::exchange(has_looked_, true) ? taken : sent;
  const std::uint64_t progress = reached - std::min(reached, counted_);
  counted_ = taken;
  return progress;
}

base::Status Stream::FlushAwaiter::await_resume() {
  return std::move(result_);
}

Stream::FlushAwaiter::~FlushAwaiter() {
  if (!waiter_) return;
  core_->flushing_ = nullptr;
  TimerWheel::clear(core_->write_timer_);
}

// --- ending ---

void StreamCore::close() {
  if (!socket_.is_open()) return;
  loop_.poller().forget(*this);
  interest_ = 0;
  socket_.close();
  on_gone_ = {};
  if (!reader_ && flushing_ == nullptr) return;
  // Not from here: the caller may be a coroutine that those who wait own, and would destroy.
  loop_.post([self = boost::intrusive_ptr<StreamCore>(this)] { self->wake_after_close(); });
}

void StreamCore::wake_after_close() {
  wake_writer(std::unexpected(closed()));
  if (reader_) wake_reader();
}

// --- the owner ---

Stream::Stream() = default;
Stream::Stream(EventLoop& loop, FileDescriptor socket, base::ErrorSource peer)
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
  return core_->ended_ && !core_->behind_;
}
bool Stream::has_unread() const {
  return core_->behind_ || !core_->input().empty();
}
bool Stream::cut_short() const {
  return core_->cut_short_;
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
void Stream::close() {
  core_->close();
}
void Stream::reset() {
  if (!is_open()) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(core_->socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close();
}

Stream::ReadAwaiter Stream::read(Duration limit) {
  return {*core_, limit};
}
Stream::FlushAwaiter Stream::flush(Duration limit, RateMin rate) {
  return {*core_, Patience(limit, rate)};
}

base::Status Stream::write(std::string_view bytes) {
  if (bytes.size() < kWriteAtOnceBytes) {
    core_->output().append(bytes);
    return {};
  }
  if (!core_->codec_) {
    core_->send_or_queue(bytes);
    return {};
  }
  auto encoded = core_->encode_queued();
  if (!encoded) return encoded;
  return core_->codec_->encode(bytes, core_->wire_out_);
}

base::Status Stream::send_now() {
  if (!is_open()) return std::unexpected(core_->closed());
  auto encoded = core_->encode_queued();
  if (!encoded) return encoded;
  auto sent = core_->send_queued();
  if (!sent) return std::unexpected(sent.error());
  core_->sends_rest_ = !*sent;
  if (core_->sends_rest_) core_->update_interest();
  return {};
}

base::Status Stream::set_codec(std::unique_ptr<StreamCodec> codec) {
  core_->codec_ = std::move(codec);
  core_->fresh_ = false;
  if (!core_->wire_in_.empty() || core_->codec_->has_pending()) core_->decode();
  if (core_->failure_) return std::unexpected(*core_->failure_);
  return {};
}

void Stream::watch(std::function<void()> on_gone) {
  core_->on_gone_ = std::move(on_gone);
  if (!core_->on_gone_) return;
  core_->update_interest();
  if (!core_->ended_ && !core_->failure_ && !core_->left_) return;
  // It happened already. Not from here: the caller is not ready to be destroyed by its own call.
  core_->loop_.post([core = core_] {
    // A reader that came meanwhile finds what is still to be received, and the end behind it.
    if (!core->reader_ || core->read_settled()) core->wake_reader();
  });
}

base::Status Stream::queue_end() {
  if (!core_->codec_ || std::exchange(core_->end_queued_, true)) return {};
  auto encoded = core_->encode_queued();
  if (encoded) core_->codec_->encode_end(core_->wire_out_);
  return encoded;
}

void Stream::end_output() {
  if (!is_open()) return;
  static_cast<void>(queue_end());
  static_cast<void>(core_->send_queued());
  ::shutdown(core_->socket_.get(), SHUT_WR);
}

void Stream::spare_memory() {
  if (core_->codec_) core_->codec_->spare_memory();
}

void Stream::release_buffers() {
  core_->wire_in_.release();
  core_->wire_out_.release();
  core_->plain_in_.release();
  core_->plain_out_.release();
  if (core_->codec_) core_->codec_->release_buffers();
}

}  // namespace cardea::net
